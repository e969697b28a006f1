import { runProgram, type CallEnd, type ProgramRun } from './run-program.ts'

/** What a judge's process sends: that it is there, how each call ended, and the end of the run. */
export type JudgeMail = { readonly kind: 'ready' | 'ended' } | { readonly kind: 'call'; readonly end: CallEnd }

const tell = (mail: JudgeMail): void => void process.send?.(mail)

/** Runs what it is sent until its parent goes. Its whole world is this channel: no environment, no files but the engine's own. */
function serve(): void {
  process.on('message', (run: ProgramRun) => {
    runProgram(run, end => tell({ kind: 'call', end })).then(
      () => tell({ kind: 'ended' }),
      () => process.exit(1),
    )
  })
  process.on('disconnect', () => process.exit(0))
  tell({ kind: 'ready' })
}

serve()
