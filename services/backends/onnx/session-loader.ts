import { InferenceSession } from 'onnxruntime-node'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'

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
   * Loads an ONNX file; the caller owns the session and releases it.
   * @throws GatewayError Config when no provider can load it
   */
  load(path: string): Promise<InferenceSession>
}

/** Makes a loader that tries the execution providers in order and says once in the log when the first does not work. */
export function createSessionLoader(options: SessionOptions, dependencies: { readonly logger: Logger }): SessionLoader {
  let untried = options.executionProviders

  async function load(path: string): Promise<InferenceSession> {
    const faults: string[] = []
    for (const [index, provider] of untried.entries()) {
      try {
        const session = await InferenceSession.create(path, settingsFor(provider, options.threads))
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
