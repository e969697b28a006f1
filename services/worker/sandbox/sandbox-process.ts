import { runInNewContext } from 'node:vm'
import type { CheckOrder, CheckResult } from './check-order.ts'
import { answerIn, matches } from './patterns.ts'
import { createInterpreter, runProgram, type CallEnd } from './run-program.ts'
import { schemaFaultOf } from './schemas.ts'

/**
 * What a sandbox sends: that it is there, that it begins with a check, how each call of a program ended, and the
 * end of the check: `ended` with what was found, or `broke` where the interpreter gave way and the process has to
 * go.
 */
export type SandboxMessage =
  | { readonly kind: 'ready' | 'began' | 'broke' }
  | { readonly kind: 'ended'; readonly result: CheckResult }
  | { readonly kind: 'call'; readonly end: CallEnd }

/** An order, and how long it may take from when it is begun. */
export interface TimedOrder {
  readonly order: CheckOrder
  readonly timeoutMs: number
}

/** How long after its time a check is ended here; the parent, while it lives, kills this process before. */
const orphanGraceMs = 1000

const send = (message: SandboxMessage): void => void process.send?.(message)

/**
 * Does what it is sent until its parent goes. Its whole world is this channel: no environment, no files but its
 * libraries.
 */
function serve(): void {
  process.on('message', (timed: TimedOrder) => {
    check(timed).then(
      result => send({ kind: 'ended', result }),
      () => send({ kind: 'broke' }),
    )
  })
  process.on('disconnect', () => process.exit(0))
  send({ kind: 'ready' })
}

async function check({ order, timeoutMs }: TimedOrder): Promise<CheckResult> {
  const engine = order.kind === 'program' ? await createInterpreter() : undefined
  send({ kind: 'began' })
  let result: CheckResult = {}
  const work = (): void => {
    if (order.kind === 'pattern') result = { passed: matches(order.answer, order.pattern) }
    else if (order.kind === 'schema') result = checked(schemaFaultOf(order.answer, order.schema))
    else if (order.kind === 'extract') result = extracted(answerIn(order.text, order.pattern))
    else if (engine !== undefined) runProgram(engine, order, end => send({ kind: 'call', end }))
  }
  // Node's own watch ends even a single step that never would, in which nothing hears that the parent is gone.
  runInNewContext('work()', { work }, { timeout: timeoutMs + orphanGraceMs })
  return result
}

function checked(fault: string | undefined): CheckResult {
  return fault === undefined ? { passed: true } : { passed: false, fault }
}

function extracted(answer: string | undefined): CheckResult {
  return answer === undefined ? {} : { extracted: answer }
}

serve()
