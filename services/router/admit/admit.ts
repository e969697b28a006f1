import type { Clock } from '#services/contract/clock'
import { isWords, type Modality, type Part } from '#services/contract/content'
import { partPath } from '#services/contract/conversation'
import { GatewayError } from '#services/contract/errors'
import { createRequestId } from '#services/contract/ids'
import type { Admitted, CheckedPart, Incoming } from '#services/router/request/states'
import { checkMedia, type MediaLimits } from './check-media.ts'
import { checkRequest, type RequestLimits } from './check-request.ts'
import type { FetchPart } from './fetch/fetch-part.ts'

/** What admission holds requests to. */
export interface AdmitOptions {
  readonly request: RequestLimits
  readonly media: MediaLimits
  readonly defaultDeadlineMs: number
  readonly asyncDeadlineMs: number
  readonly longestDeadlineMs: number
}

/** What admission needs. */
export interface AdmitDependencies {
  readonly clock: Clock
  /** Gives the fetcher of one request. */
  readonly fetcher: () => FetchPart
}

/**
 * Lets a sound request in, with its bytes at hand and its deadline absolute.
 * @throws GatewayError InvalidRequest, Deadline
 */
export type Admit = (incoming: Incoming, signal: AbortSignal) => Promise<Admitted>

/** Makes the stage. */
export function createAdmit(options: AdmitOptions, { clock, fetcher }: AdmitDependencies): Admit {
  return async (incoming, signal) => {
    const { request, caller, mode, arrivedAt } = incoming
    const deadlineAt = deadlineOf(incoming, options)
    const runDeadlineAt = Math.max(deadlineAt, runDeadlineOf(incoming, options))
    if (deadlineAt <= clock.now()) {
      throw new GatewayError('Deadline', 'the deadline is past', { stage: 'admit', reason: 'DEADLINE_AT_ADMIT' })
    }
    checkRequest(request, options.request)
    const fetchPart = fetcher()
    const fetchField: FetchField = (uri, field) => fetchPart(uri, field, signal)
    const parts = await Promise.all(
      request.parts.map((part, index) => checkPart(part, partPath(request.messages, index), options.media, fetchField)),
    )
    const modalities: readonly Modality[] = [...new Set(parts.map(part => (isWords(part) ? 'text' : part.kind)))]
    return {
      requestId: createRequestId(arrivedAt),
      caller,
      request,
      parts,
      modalities,
      mode,
      submittedAt: arrivedAt,
      deadlineAt,
      ...(runDeadlineAt === deadlineAt ? {} : { runDeadlineAt }),
      ...(incoming.traceparent === undefined ? {} : { traceparent: incoming.traceparent }),
      ...(incoming.tracestate === undefined ? {} : { tracestate: incoming.tracestate }),
    }
  }
}

/** Fetches what the URI of a field names, until the caller leaves. */
type FetchField = (uri: string, field: string) => ReturnType<FetchPart>

async function checkPart(part: Part, path: string, limits: MediaLimits, fetchField: FetchField): Promise<CheckedPart> {
  if (isWords(part)) return part
  const field = `${path}.${part.kind}`
  const { source, kind, mediaType, cachePoint } = part
  const bytes = source.kind === 'bytes' ? source.bytes : await fetchField(source.uri, field)
  const facts = await checkMedia({ kind, bytes, ...(mediaType === undefined ? {} : { mediaType }) }, field, limits)
  return { kind, bytes, ...facts, ...(cachePoint === undefined ? {} : { cachePoint }) }
}

/**
 * The tightest of what the request, the client's call and the deployment allow. A job outlives the call that
 * submits it.
 */
function deadlineOf({ request, mode, arrivedAt, callDeadlineAt }: Incoming, options: AdmitOptions): number {
  const wantedMs = request.constraints.deadlineMs ?? (mode === 'async' ? options.asyncDeadlineMs : undefined)
  const byRequest = wantedMs === undefined ? undefined : arrivedAt + wantedMs
  const byCall = mode === 'async' ? undefined : callDeadlineAt
  const wanted = [byRequest, byCall].filter(at => at !== undefined)
  const tightest = wanted.length === 0 ? arrivedAt + options.defaultDeadlineMs : Math.min(...wanted)
  // Whole milliseconds, since a duration on the wire may have fractions and the store's times to live may not.
  return Math.floor(Math.min(tightest, arrivedAt + options.longestDeadlineMs))
}

/**
 * A run with an idempotency key outlives the call that began it: its time is the request's own, or the deployment's
 * usual one.
 */
function runDeadlineOf({ request, mode, arrivedAt }: Incoming, options: AdmitOptions): number {
  if (request.idempotencyKey === undefined || mode === 'async') return -Infinity
  const ownMs = request.constraints.deadlineMs ?? options.defaultDeadlineMs
  return Math.floor(arrivedAt + Math.min(ownMs, options.longestDeadlineMs))
}
