import type { ClimbState } from '../shared/climb/climb-log.ts'
import { isWords, type Part } from '../shared/contract/content.ts'
import { GatewayError } from '../shared/contract/errors.ts'
import type { RequestId } from '../shared/contract/ids.ts'
import type { PayloadStore } from '../shared/payload/payload-store.ts'
import type { PartReference } from '../shared/queue/job.ts'
import { isWordPayload, wordsOfPayload } from '../shared/queue/word-payload.ts'
import type { RequestHandler } from './handle-request.ts'

/** Admits a dead letter's request anew, as its tenant: new id, new hold, new deadline. @throws GatewayError NotFound when its content is gone */
export type Replay = (
  dead: ClimbState,
  context: { readonly arrivedAt: number; readonly signal: AbortSignal },
) => Promise<RequestId>

/** Makes the replay. */
export function createReplay(handler: RequestHandler, payloads: PayloadStore): Replay {
  return async ({ request }, { arrivedAt, signal }) => {
    const { tenant, task, options, constraints, labels, sessionKey } = request
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
  return { kind: part.kind, source: { kind: 'bytes', bytes }, mediaType: part.mediaType }
}
