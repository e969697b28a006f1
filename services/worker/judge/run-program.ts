import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  shouldInterruptAfterDeadline,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'

/** A program and what is asked of it. What is expected is not here: whoever compares knows it, and nobody who runs. */
export interface ProgramRun {
  readonly program: string
  /** Expressions, each valued in a world of its own after the program has run there. */
  readonly calls: readonly string[]
  readonly timeoutMs: number
}

/** What an expression came to: JSON of its value (empty where there is none), an exception, or nothing: the program is none, or its time was over. */
export type CallEnd = { readonly kind: 'value'; readonly json: string } | { readonly kind: 'threw' | 'stopped' }

/** By its types this package is another kind of module than it is. */
const sandbox = variant as unknown as QuickJSSyncVariant

/** Far more than a solution to an exercise takes; of it the engine's own objects are about one. */
const memoryBytes = 64 * 1024 * 1024
const stackBytes = 512 * 1024
/** Steps of promises before an answer counts as one that never comes. */
const mostJobs = 10_000
/** Longest value that is looked at. */
const mostJsonCharacters = 1024 * 1024

/**
 * Runs a program that nobody trusts, in an interpreter inside WebAssembly: it sees the language and nothing else, no files, network,
 * clock of the process or modules. Each run has an instance of the engine to itself, each call a world of its own, so that neither
 * leaves anything to the next. Tells of each call as it ends.
 */
export async function runProgram(
  { program, calls, timeoutMs }: ProgramRun,
  tell: (end: CallEnd) => void,
): Promise<void> {
  const engine = await newQuickJSWASMModuleFromVariant(sandbox)
  const deadlineAt = Date.now() + timeoutMs
  for (const call of calls) tell(Date.now() < deadlineAt ? runCall(engine, program, call, deadlineAt) : stopped)
}

const stopped: CallEnd = { kind: 'stopped' }

function runCall(engine: QuickJSWASMModule, program: string, call: string, deadlineAt: number): CallEnd {
  const runtime = engine.newRuntime({ memoryLimitBytes: memoryBytes, maxStackSizeBytes: stackBytes })
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(deadlineAt))
  const world = runtime.newContext()
  const ended = valueOf(world, program, call)
  const over = Date.now() >= deadlineAt
  // An engine that ran out of memory may not be able to clean up after itself; its instance goes with the run.
  try {
    world.dispose()
    runtime.dispose()
  } catch {
    return over ? stopped : ended
  }
  return over ? stopped : ended
}

function valueOf(world: QuickJSContext, program: string, call: string): CallEnd {
  try {
    const ran = world.evalCode(program, 'answer.js')
    if (ran.error !== undefined) return stopped
    ran.value.dispose()
    const called = world.evalCode(`(${call}\n)`, 'case.js')
    if (called.error !== undefined) return { kind: 'threw' }
    const value = settled(world, called.value)
    return value === undefined ? { kind: 'threw' } : jsonOf(world.dump(value))
  } catch {
    return { kind: 'threw' }
  }
}

/** The value of a promise once its jobs have run; what is none is itself. */
function settled(world: QuickJSContext, value: QuickJSHandle): QuickJSHandle | undefined {
  world.runtime.executePendingJobs(mostJobs)
  const state = world.getPromiseState(value)
  return state.type === 'fulfilled' ? state.value : undefined
}

function jsonOf(value: unknown): CallEnd {
  const json = value === undefined ? '' : (JSON.stringify(value) ?? '')
  return json.length > mostJsonCharacters ? { kind: 'threw' } : { kind: 'value', json }
}
