import { access, readFile } from 'node:fs/promises'
import { InferenceSession } from 'onnxruntime-node'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { keepOutputs } from './keep-outputs.ts'

/** How sessions are made on this worker. */
export interface SessionOptions {
  /** Execution providers in the order in which they are tried, such as `['cuda', 'cpu']`. */
  readonly executionProviders: readonly string[]
  /** Threads that one operator may use. */
  readonly threads: number
}

/** Loads the sessions of one model, all on the same execution provider. */
export interface SessionLoader {
  /**
   * Loads an ONNX file; the caller owns the session and releases it. Where `outputs` are named the graph has these
   * alone, which saves the memory of the others. Not so where its weights lie in files of their own.
   * @throws GatewayError Config when no provider can load it
   */
  load(path: string, outputs?: readonly string[]): Promise<InferenceSession>
}

/** Makes a loader that tries the execution providers in order and says once in the log when the first does not work. */
export function createSessionLoader(options: SessionOptions, dependencies: { readonly logger: Logger }): SessionLoader {
  let untried = options.executionProviders

  async function load(path: string, outputs?: readonly string[]): Promise<InferenceSession> {
    const faults: string[] = []
    const model = outputs === undefined ? path : await readWith(outputs, path)
    for (const [index, provider] of untried.entries()) {
      try {
        const settings = settingsFor(provider, options.threads)
        // The type of `create` has one parameter for a path and one for bytes.
        const session = await (typeof model === 'string'
          ? InferenceSession.create(model, settings)
          : InferenceSession.create(model, settings))
        untried = untried.slice(index)
        if (index > 0)
          dependencies.logger.warn(
            { provider, faults },
            `model runs on ${provider} instead of ${options.executionProviders[0]}`,
          )
        return session
      } catch (error) {
        faults.push(`${provider}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown fault'}`)
      }
    }
    throw new GatewayError('Config', `cannot load ${path} (${faults.join('; ')})`)
  }

  return { load }
}

/** The graph with these outputs alone; its path where that cannot be, so that the runtime reports the fault. */
async function readWith(outputs: readonly string[], path: string): Promise<Uint8Array | string> {
  // Weights beside a graph are found by its path alone; these are the names that exporters give them.
  const beside = await Promise.allSettled([access(`${path}_data`), access(`${path}.data`)])
  if (beside.some(({ status }) => status === 'fulfilled')) return path
  try {
    return keepOutputs(await readFile(path), outputs)
  } catch {
    return path
  }
}

function settingsFor(provider: string, threads: number): InferenceSession.SessionOptions {
  return {
    // One provider at a time: given a list, the runtime falls back in silence.
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  }
}
