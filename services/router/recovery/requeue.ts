import type { ClimbState } from '#services/state/cascade-log/cascade-log'
import { isWords, type Part } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { PartReference } from '#services/state/queue/job'
import { isWordPayload, wordsOfPayload } from '#services/state/queue/word-payload'
import type { RequestHandler } from '#services/router/pipeline/handle-request'

/**
 * Admits a dead letter's request anew, as its tenant: new id, new hold, new deadline.
 * @throws GatewayError NotFound when its content is gone
 */
export type Replay = (
  dead: ClimbState,
  context: { readonly arrivedAt: number; readonly signal: AbortSignal },
) => Promise<RequestId>

/** Makes the replay. */
export function createReplay(handler: RequestHandler, payloads: PayloadStore): Replay {
  return async ({ request }, { arrivedAt, signal }) => {
    const { tenant, task, options, messages, constraints, labels, sessionKey } = request
    const parts = await Promise.all(request.parts.map(part => partOf(part, tenant, payloads)))
    return handler.submit(
      {
        caller: { tenant, credentialId: 'replay', scopes: ['infer'] },
        arrivedAt,
        mode: 'async',
        request: {
          task,
          options,
          labels,
          parts,
          ...(messages === undefined ? {} : { messages }),
          constraints: { ...constraints, deadlineMs: request.deadlineAt - request.submittedAt },
          ...(sessionKey === undefined ? {} : { sessionKey }),
        },
      },
      signal,
    )
  }
}

async function partOf(part: PartReference, tenant: string, payloads: PayloadStore): Promise<Part> {
  if (isWords(part)) return part
  const bytes = await payloads.get(tenant, part.payloadId)
  if (bytes === undefined) throw new GatewayError('NotFound', 'the content of this dead letter is gone')
  if (isWordPayload(part)) return wordsOfPayload(part.kind, bytes)
  const { kind, mediaType, cachePoint } = part
  return { kind, source: { kind: 'bytes', bytes }, mediaType, ...(cachePoint === undefined ? {} : { cachePoint }) }
}
