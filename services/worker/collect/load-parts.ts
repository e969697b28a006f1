import { isWords } from '#services/contract/content'
import type { Conversation } from '#services/contract/conversation'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { historyOf } from '#services/state/queue/payloads/history-payload'
import type { Job, PartReference } from '#services/state/queue/job'
import { isWordPayload, wordsOfPayload } from '#services/state/queue/payloads/word-payload'
import type { LoadedPart } from '#services/backends/work'

/** Fetches what a job refers to; `undefined` when a payload's time is over. */
export async function loadParts(job: Job, payloads: PayloadStore): Promise<Conversation<LoadedPart> | undefined> {
  const { parts, messages, tenant } = job
  const [first, ...media] = parts
  if (first?.kind === 'history-payload') {
    const [history, loaded] = await Promise.all([
      payloads.get(tenant, first.payloadId),
      loadAll(media, tenant, payloads),
    ])
    return history === undefined || loaded === undefined ? undefined : historyOf(history, loaded)
  }
  const found = await loadAll(parts, tenant, payloads)
  return found && { parts: found, ...(messages === undefined ? {} : { messages }) }
}

async function loadAll(
  parts: readonly PartReference[],
  tenant: string,
  payloads: PayloadStore,
): Promise<readonly LoadedPart[] | undefined> {
  const loaded = await Promise.all(parts.map(part => load(part, tenant, payloads)))
  const found = loaded.filter(part => part !== undefined)
  return found.length === parts.length ? found : undefined
}

async function load(part: PartReference, tenant: string, payloads: PayloadStore): Promise<LoadedPart | undefined> {
  if (isWords(part)) return part
  const bytes = await payloads.get(tenant, part.payloadId)
  if (bytes === undefined || part.kind === 'history-payload') return undefined
  if (isWordPayload(part)) return wordsOfPayload(part.kind, bytes)
  const { kind, mediaType, cachePoint } = part
  return { kind, bytes, mediaType, ...(cachePoint === undefined ? {} : { cachePoint }) }
}
