import type { z } from 'zod'
import { postJson } from '../openai/post-json.ts'
import { createServed, type ServedSpec } from '../remote/served.ts'
import { encodeBody } from '../remote/wire/encode-body.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import type { Work } from '../work.ts'
import type { TokenCounter } from './token-counter.ts'

/** How a protocol counts. */
export interface CountingProtocol {
  readonly headers: Readonly<Record<string, string>>
  /** Under the base URL, for the server's name of the model. */
  readonly path: (model: string) => string
  readonly body: (work: Work, model: string) => object
  /** Reads the answer as the count. */
  readonly schema: z.ZodType<number>
}

/** A count is no inference: a server that takes longer has something else to do. */
const timeoutMs = 5000

/** Makes a counter that asks the model's own server. Its queue is not watched: no leg waits for it here. */
export function countOnServer(
  { metricsPath: _path, metricsUrls: _urls, ...spec }: ServedSpec,
  { headers, path, body, schema }: CountingProtocol,
  { meter: _meter, ...dependencies }: BackendDependencies,
): TokenCounter {
  const served = createServed(spec, headers, dependencies)
  return {
    count(work, signal) {
      const model = served.modelFor(work)
      return served.attempt(work, signal, async (line, firstPiece) => {
        const posted = { path: path(model), body: encodeBody(body(work, model)), signal }
        const tokens = await postJson(line, posted, schema, timeoutMs)
        firstPiece()
        return tokens
      })
    },
    close: served.close,
  }
}
