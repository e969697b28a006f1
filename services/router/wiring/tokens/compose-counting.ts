import type { Logger } from 'pino'
import { backendSpecOf } from '#services/backends/backend-spec-of'
import { createTokenCounter, type TokenCounter } from '#services/backends/tokens/token-counter'
import type { LoadedConfig } from '#services/config/load-config'
import type { Clock } from '#services/contract/clock'
import { packPath } from '#services/packs/pack-path'
import { createCountTokens, type CountTokens } from '#services/router/edge/call/count-tokens'
import type { RequestHandler } from '#services/router/pipeline/handle-request'

/** How tokens are counted, and how its parts are closed. */
export interface Counting {
  readonly countTokens: CountTokens
  close(): Promise<void>
}

/** Makes the counters of models when they are asked for first. One that cannot be made is tried again. */
export function composeCounting(
  { config, places }: LoadedConfig,
  handler: Pick<RequestHandler, 'explain'>,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Counting {
  const counters = new Map<string, Promise<TokenCounter | undefined>>()
  const make = async (name: string): Promise<TokenCounter | undefined> => {
    const model = config.models[name]
    if (model === undefined) return undefined
    return createTokenCounter(backendSpecOf(model.backend), {
      packPath: pack => packPath(places.packs, pack),
      executionProviders: ['cpu'],
      threads: 1,
      logger,
      clock,
      name,
    })
  }
  const counterOf = (name: string): Promise<TokenCounter | undefined> => {
    const known = counters.get(name)
    if (known !== undefined) return known
    const made = make(name)
    counters.set(name, made)
    made.catch(() => counters.delete(name))
    return made
  }
  return {
    countTokens: createCountTokens({ handler, counterOf, logger }),
    async close() {
      const closing = [...counters.values()].map(made => made.then(counter => counter?.close()))
      await Promise.allSettled(closing)
    },
  }
}
