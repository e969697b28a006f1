import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import { isWords, type Part } from '#services/contract/content'
import type { Conversation } from '#services/contract/conversation'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { historyOf } from '#services/state/queue/payloads/history-payload'
import type { PartReference } from '#services/state/queue/job'
import { isWordPayload, wordsOfPayload } from '#services/state/queue/payloads/word-payload'
import { isBeginning } from '#services/router/sessions/conversation-keys'
import type { RequestHandler } from '#services/router/pipeline/handle-request'

/**
 * Admits a dead letter's request again, as its tenant: new id, new hold, new deadline.
 * @throws GatewayError NotFound when its content is gone
 */
export type Replay = (
  dead: CascadeState,
  context: { readonly arrivedAt: number; readonly signal: AbortSignal },
) => Promise<RequestId>

/** Makes the replay. */
export function createReplay(handler: RequestHandler, payloads: PayloadStore): Replay {
  return async ({ request }, { arrivedAt, signal }) => {
    const { tenant, task, options, constraints, labels, sessionKey } = request
    const content = await contentOf(request, payloads)
    return handler.submit(
      {
        caller: { tenant, credentialId: 'replay', scopes: ['infer'] },
        arrivedAt,
        mode: 'async',
        request: {
          task,
          options,
          labels,
          ...content,
          constraints: { ...constraints, deadlineMs: request.deadlineAt - request.submittedAt },
          ...(sessionKey === undefined || isBeginning(sessionKey) ? {} : { sessionKey }),
        },
      },
      signal,
    )
  }
}

async function contentOf(
  { parts, messages, tenant }: CascadeState['request'],
  payloads: PayloadStore,
): Promise<Conversation> {
  const [first, ...media] = parts
  const load = (some: readonly PartReference[]): Promise<Part[]> =>
    Promise.all(some.map(part => partOf(part, tenant, payloads)))
  if (first?.kind !== 'history-payload') {
    return { parts: await load(parts), ...(messages === undefined ? {} : { messages }) }
  }
  const history = await payloads.get(tenant, first.payloadId)
  const whole = history && historyOf(history, await load(media))
  if (whole === undefined) throw gone()
  return whole
}

function gone(): GatewayError {
  return new GatewayError('NotFound', 'the content of this dead letter has expired')
}

async function partOf(part: PartReference, tenant: string, payloads: PayloadStore): Promise<Part> {
  if (isWords(part)) return part
  const bytes = await payloads.get(tenant, part.payloadId)
  if (bytes === undefined || part.kind === 'history-payload') throw gone()
  if (isWordPayload(part)) return wordsOfPayload(part.kind, bytes)
  const { kind, mediaType, cachePoint } = part
  return { kind, source: { kind: 'bytes', bytes }, mediaType, ...(cachePoint === undefined ? {} : { cachePoint }) }
}
