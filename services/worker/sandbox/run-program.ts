import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  Scope,
  shouldInterruptAfterDeadline,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'

declare global {
  // Node's types lack it.
  namespace WebAssembly {
    class Memory {
      readonly buffer: ArrayBuffer
      constructor(pages: { readonly initial: number; readonly maximum: number })
    }
  }
}

/** A program and what is asked of it. What is expected is not here: whoever compares knows it, and nobody who runs. */
export interface ProgramRun {
  readonly program: string
  /** Expressions, each valued in a world of its own after the program has run there. */
  readonly calls: readonly string[]
  readonly timeoutMs: number
}

/**
 * What an expression came to: JSON of its value (empty where there is none), an exception, or nothing: the program
 * is none, its time or its memory was over, or its value is none that could be compared.
 */
export type CallEnd = { readonly kind: 'value'; readonly json: string } | { readonly kind: 'threw' | 'stopped' }

/** An instance of the interpreter, for one program. */
export type Engine = QuickJSWASMModule

/** Far more than a solution to an exercise takes; the engine's own tables and stack are within it. */
const memoryBytes = 64 * 1024 * 1024
/** What the engine's binary has to find at its start. */
const initialMemoryBytes = 16 * 1024 * 1024
/** What WebAssembly counts memory in. */
const pageBytes = 64 * 1024
const stackBytes = 512 * 1024
/** Steps of promises before an answer counts as one that never comes. */
const mostJobs = 10_000
/** Longest values of all calls together that are looked at: whoever compares them has other work too. */
const mostJsonCharacters = 1024 * 1024

/**
 * The engine in memory that cannot grow over its bound. Its own limit would not do: built for WebAssembly it does
 * not know how large the pieces are that it was given, and reached 2 GiB under a limit of 64 MiB.
 */
const sandbox = newVariant(
  // By its types this package is another kind of module than it is.
  variant as unknown as QuickJSSyncVariant,
  {
    // One for each instance.
    wasmMemory: async () =>
      new WebAssembly.Memory({ initial: initialMemoryBytes / pageBytes, maximum: memoryBytes / pageBytes }),
  },
)

/** Makes an instance of the interpreter. */
export async function createInterpreter(): Promise<Engine> {
  return newQuickJSWASMModuleFromVariant(sandbox)
}

/**
 * Runs a program that nobody trusts, in an interpreter inside WebAssembly: it sees the language and nothing else,
 * no files, network, clock of the process or modules. Each call has a world of its own, so that none leaves
 * anything to the next. Tells of each call as it ends, and of none after the time is over.
 * @throws Error when the interpreter itself gave way, after which nothing that it says counts
 */
export function runProgram(
  engine: Engine,
  { program, calls, timeoutMs }: ProgramRun,
  report: (end: CallEnd) => void,
): void {
  const deadlineAt = Date.now() + timeoutMs
  let leftCharacters = mostJsonCharacters
  for (const call of calls) {
    if (Date.now() >= deadlineAt) return
    const end = runCall(engine, program, call, deadlineAt)
    leftCharacters -= end.kind === 'value' ? end.json.length : 0
    report(leftCharacters < 0 ? stopped : end)
  }
}

const stopped: CallEnd = { kind: 'stopped' }

function runCall(engine: Engine, program: string, call: string, deadlineAt: number): CallEnd {
  // What is in the scope is freed at its end, last first: a runtime cannot go while anything of it is held.
  return Scope.withScope(scope => {
    const runtime = scope.manage(engine.newRuntime({ maxStackSizeBytes: stackBytes }))
    runtime.setInterruptHandler(shouldInterruptAfterDeadline(deadlineAt))
    const end = endOf(scope, scope.manage(runtime.newContext()), program, call)
    return Date.now() >= deadlineAt ? stopped : end
  })
}

function endOf(scope: Scope, world: QuickJSContext, program: string, call: string): CallEnd {
  const ran = scope.manage(world.evalCode(program, 'answer.js'))
  if (ran.error !== undefined) return stopped
  const called = scope.manage(world.evalCode(`(${call}\n)`, 'case.js'))
  if (called.error !== undefined) return endOfException(scope, world, called.error)
  scope.manage(world.runtime.executePendingJobs(mostJobs))
  // What is no promise counts as one that is fulfilled.
  const state = world.getPromiseState(called.value)
  if (state.type === 'pending') return stopped
  if (state.type === 'rejected') return endOfException(scope, world, scope.manage(state.error))
  return endOfValue(world.dump(scope.manage(state.value)))
}

/**
 * An exception counts as thrown unless the engine threw it at a bound of time, memory or stack: it calls those by a
 * name that the language does not have, and throws `null` where no memory is left for an exception.
 */
function endOfException(scope: Scope, world: QuickJSContext, exception: QuickJSHandle): CallEnd {
  if (world.eq(exception, world.null)) return stopped
  const name = world.getString(scope.manage(world.getProp(exception, 'name')))
  return name === 'InternalError' ? stopped : { kind: 'threw' }
}

function endOfValue(value: unknown): CallEnd {
  try {
    const json = value === undefined ? '' : (JSON.stringify(value) ?? '')
    return json.length > mostJsonCharacters ? stopped : { kind: 'value', json }
  } catch {
    // JSON has no such value, or none so deep.
    return stopped
  }
}
