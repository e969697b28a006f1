import { isWords } from '#services/contract/content'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { Job, PartReference } from '#services/state/queue/job'
import { isWordPayload, wordsOfPayload } from '#services/state/queue/word-payload'
import type { LoadedPart } from '#services/worker/states'

/** Fetches what a job refers to; `undefined` when a payload's time is over. */
export async function loadParts(job: Job, payloads: PayloadStore): Promise<readonly LoadedPart[] | undefined> {
  const parts = await Promise.all(job.parts.map(part => load(part, job.tenant, payloads)))
  const found = parts.filter(part => part !== undefined)
  return found.length === parts.length ? found : undefined
}

async function load(part: PartReference, tenant: string, payloads: PayloadStore): Promise<LoadedPart | undefined> {
  if (isWords(part)) return part
  const bytes = await payloads.get(tenant, part.payloadId)
  if (bytes === undefined) return undefined
  if (isWordPayload(part)) return wordsOfPayload(part.kind, bytes)
  const { kind, mediaType, cachePoint } = part
  return { kind, bytes, mediaType, ...(cachePoint === undefined ? {} : { cachePoint }) }
}
