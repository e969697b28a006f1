import { InferenceSession } from 'onnxruntime-node'
import type { Logger } from 'pino'
import { GatewayError } from '../../../shared/contract/errors.ts'

/** How sessions are made on this worker. */
export interface SessionOptions {
  /** Execution providers in the order in which they are tried, such as `['cuda', 'cpu']`. */
  readonly executionProviders: readonly string[]
  /** Threads that one operator may use. */
  readonly threads: number
}

/**
 * Loads an ONNX file on the first execution provider that works; says once in the log when that is not the first of the list.
 * The caller owns the session and releases it.
 * @throws GatewayError Config when no provider can load it
 */
export async function createSession(
  path: string,
  options: SessionOptions,
  dependencies: { readonly logger: Logger },
): Promise<InferenceSession> {
  const faults: string[] = []
  for (const provider of options.executionProviders) {
    try {
      // One provider at a time: given a list, the runtime falls back in silence.
      const session = await InferenceSession.create(path, {
        executionProviders: [provider],
        intraOpNumThreads: options.threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      })
      if (faults.length > 0)
        dependencies.logger.warn({ provider, faults }, 'model runs on a fallback execution provider')
      return session
    } catch (error) {
      faults.push(`${provider}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown fault'}`)
    }
  }
  throw new GatewayError('Config', `cannot load ${path} (${faults.join('; ')})`)
}
