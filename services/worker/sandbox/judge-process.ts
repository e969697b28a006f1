import { runInNewContext } from 'node:vm'
import { createInterpreter, runProgram, type CallEnd, type ProgramRun } from './run-program.ts'

/**
 * What a judge's process sends: that it is there, that it begins with a program, how each call ended, and the end of the run: `ended`, or
 * `broke` where the interpreter gave way and the process has to go.
 */
export type JudgeMail =
  | { readonly kind: 'ready' | 'began' | 'ended' | 'broke' }
  | { readonly kind: 'call'; readonly end: CallEnd }

/** How long after its time a run is ended here; the parent, while it lives, kills this process before. */
const orphanGraceMs = 1000

const tell = (mail: JudgeMail): void => void process.send?.(mail)

/** Runs what it is sent until its parent goes. Its whole world is this channel: no environment, no files but the engine's own. */
function serve(): void {
  process.on('message', (run: ProgramRun) => {
    judge(run).then(
      () => tell({ kind: 'ended' }),
      () => tell({ kind: 'broke' }),
    )
  })
  process.on('disconnect', () => process.exit(0))
  tell({ kind: 'ready' })
}

async function judge(run: ProgramRun): Promise<void> {
  const engine = await createInterpreter()
  tell({ kind: 'began' })
  const work = (): void => runProgram(engine, run, end => tell({ kind: 'call', end }))
  // Node's own watch ends even a single step of the engine that never would, in which nothing hears that the parent is gone.
  runInNewContext('work()', { work }, { timeout: run.timeoutMs + orphanGraceMs })
}

serve()
