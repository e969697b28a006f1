import type { Caveat } from '#services/contract/answer'
import type { Clock } from '#services/contract/clock'
import { isWords, type Modality, type Part } from '#services/contract/content'
import { messagesOf, partPath } from '#services/contract/conversation'
import { GatewayError, invalidField } from '#services/contract/errors'
import type { InferenceRequest } from '#services/contract/request'
import { viewsAmong } from '#services/contract/media/views'
import { createRequestId } from '#services/contract/ids'
import type { AudioDecoder } from '#services/media/audio/audio-decoder'
import { targetRateHz } from '#services/media/audio/mono-sink'
import { MediaError } from '#services/media/media-error'
import type { Admitted, CheckedPart, Incoming } from '#services/router/request/states'
import { checkMedia, wavType, type MediaFacts, type MediaLimits } from './check-media.ts'
import { checkRequest, type RequestLimits } from './check-request.ts'
import type { FetchPart } from './fetch/fetch-part.ts'
import { viewPart, type ViewDependencies, type ViewLimits } from './media/views.ts'

/** What admission holds requests to. */
export interface AdmitOptions {
  readonly request: RequestLimits
  readonly media: MediaLimits
  readonly views: ViewLimits
  readonly defaultDeadlineMs: number
  readonly asyncDeadlineMs: number
  readonly longestDeadlineMs: number
}

/** What admission needs. */
export interface AdmitDependencies {
  readonly clock: Clock
  /** Gives the fetcher of one request. */
  readonly fetcher: () => FetchPart
  /** Decodes recordings that are no WAV. */
  readonly audio: AudioDecoder
  /** Draws documents and picks frames of videos. */
  readonly sight: ViewDependencies['sight']
  /** Whether some model takes such parts for a task as they are. */
  readonly takes: ViewDependencies['takes']
  /** What rungs of ladders for videos are sent of one. */
  readonly viewsFor: ViewDependencies['viewsFor']
}

/**
 * Lets a sound request in, with its bytes at hand and its deadline absolute.
 * @throws GatewayError InvalidRequest, Deadline
 */
export type Admit = (incoming: Incoming, signal: AbortSignal) => Promise<Admitted>

/** Makes the stage. */
export function createAdmit(options: AdmitOptions, dependencies: AdmitDependencies): Admit {
  const { clock, fetcher, audio } = dependencies
  return async (incoming, signal) => {
    const { request, caller, mode, arrivedAt } = incoming
    const deadlineAt = deadlineOf(incoming, options)
    const runDeadlineAt = Math.max(deadlineAt, runDeadlineOf(incoming, options))
    if (deadlineAt <= clock.now()) {
      throw new GatewayError('Deadline', 'the deadline is past', { stage: 'admit', reason: 'DEADLINE_AT_ADMIT' })
    }
    checkRequest(request, options.request)
    const order = { limits: options.media, fetchPart: fetcher(), audio, signal }
    const caveats: Caveat[] = []
    const onCaveat = (caveat: Caveat): unknown => caveats.push(caveat)
    const viewed = await Promise.all(
      request.parts.map(async (part, index) => {
        const path = partPath(request.messages, index)
        const checked = await checkPart(part, path, order)
        const view = {
          task: request.task,
          place: index,
          field: `${path}.${part.kind}`,
          limits: options.views,
          signal,
          onCaveat,
        }
        return viewPart(checked, view, dependencies)
      }),
    )
    const parts = viewed.flat()
    const views = viewsAmong(parts.filter(part => !isWords(part)))
    return {
      requestId: createRequestId(arrivedAt),
      caller,
      request: withSpans(request, viewed),
      parts,
      modalities: modalitiesOf(parts),
      ...(views === undefined ? {} : { views }),
      ...(caveats.length === 0 ? {} : { caveats }),
      mode,
      submittedAt: arrivedAt,
      deadlineAt,
      ...(runDeadlineAt === deadlineAt ? {} : { runDeadlineAt }),
      ...(incoming.traceparent === undefined ? {} : { traceparent: incoming.traceparent }),
      ...(incoming.tracestate === undefined ? {} : { tracestate: incoming.tracestate }),
    }
  }
}

/** Views of a medium are, together, that medium. */
function modalitiesOf(parts: readonly CheckedPart[]): readonly Modality[] {
  return [...new Set(parts.map(part => (isWords(part) ? 'text' : part.viewOf === undefined ? part.kind : 'video')))]
}

/** The request with messages of as many parts as theirs have become. */
function withSpans(request: InferenceRequest, viewed: readonly (readonly CheckedPart[])[]): InferenceRequest {
  const { messages } = request
  if (messages === undefined || viewed.every(({ length }) => length === 1)) return request
  const each = messagesOf({ parts: viewed, messages })
  return { ...request, messages: each.map(({ role, parts }) => ({ role, parts: parts.flat().length })) }
}

/** What the parts of one request are checked with. */
interface PartOrder {
  readonly limits: MediaLimits
  readonly fetchPart: FetchPart
  readonly audio: AudioDecoder
  readonly signal: AbortSignal
}

async function checkPart(part: Part, path: string, order: PartOrder): Promise<CheckedPart> {
  if (isWords(part)) return part
  const field = `${path}.${part.kind}`
  const { source, kind, mediaType, cachePoint } = part
  const bytes = source.kind === 'bytes' ? source.bytes : await order.fetchPart(source.uri, field, order.signal)
  const given = { kind, bytes, ...(mediaType === undefined ? {} : { mediaType }) }
  const facts = await checkMedia(given, field, order.limits)
  const read = kind === 'audio' && facts.mediaType !== wavType ? await decodeSound(bytes, facts, field, order) : facts
  return { kind, bytes, ...read, ...(cachePoint === undefined ? {} : { cachePoint }) }
}

/** Every recording is a WAV of one channel from here on, whatever its container and its codec were. */
async function decodeSound(
  bytes: Uint8Array,
  { mediaType }: MediaFacts,
  field: string,
  { audio, signal }: PartOrder,
): Promise<MediaFacts & { readonly bytes: Uint8Array }> {
  try {
    const { wav, durationMs } = await audio.decode(bytes, mediaType, signal)
    const header = { durationMs, sampleRateHz: targetRateHz, channels: 1, bytes: wav.byteLength }
    return { bytes: wav, mediaType: wavType, header }
  } catch (error) {
    throw error instanceof MediaError ? invalidField(`${field}.bytes`, error.message) : error
  }
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
