import { z } from 'zod'
import { sniffMedia } from '#services/media/sniff-media'
import type { Line } from '../remote/wire/post.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import type { UsageCounts } from '../remote/wire/usage-counts.ts'
import { postJson } from './post-json.ts'

/** @source OpenAI API reference, "Create image", and the shapes of those who copy it: some tell of no usage */
const schema = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish() })).nullish(),
  usage: z.unknown().optional(),
})

/** A picture, and the usage that the server reports. */
export interface ServedPicture {
  readonly bytes: Uint8Array
  /** What the bytes say they are. */
  readonly mediaType: string
  readonly counts: UsageCounts | undefined
}

/** One picture to be drawn. */
export interface DrawOrder {
  readonly model: string
  readonly prompt: string
  readonly size: string | undefined
  readonly quality: string | undefined
  /** Whether the server takes the word that it is to answer with base64. */
  readonly asksBase64: boolean
}

/** The most that a message of gRPC carries to a caller at the limits that are set by default. */
const mostPictureBytes = 16 * 1024 * 1024

/** Asks an OpenAI-compatible server for a picture. @throws UpstreamError */
export async function draw(
  line: Line,
  order: DrawOrder,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ServedPicture> {
  const body = JSON.stringify(bodyOf(order))
  const { data, usage } = await postJson(line, { path: '/images/generations', body, signal }, schema, timeoutMs)
  const bytes = bytesOf(data?.[0]?.b64_json ?? '')
  const found = sniffMedia(bytes)
  if (found?.kind !== 'image') throw new UpstreamError('malformed', 'what the server gave is no picture')
  return { bytes, mediaType: found.mediaType, counts: readUsages(usage) }
}

function bodyOf({ model, prompt, size, quality, asksBase64 }: DrawOrder): object {
  return {
    model,
    prompt,
    n: 1,
    ...(asksBase64 ? { response_format: 'b64_json' } : {}),
    ...(size === undefined ? {} : { size }),
    ...(quality === undefined ? {} : { quality }),
  }
}

/** Node reads past what is no base64, so the text is checked first. */
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u

function bytesOf(text: string): Uint8Array {
  if (text === '') throw new UpstreamError('malformed', 'the server gave no picture')
  // The server has done what it could: the endpoint is not to blame, and another try would be paid for again.
  if (text.length > Math.ceil(mostPictureBytes / 3) * 4) {
    throw new UpstreamError('no-answer', `the picture is larger than ${mostPictureBytes} bytes`)
  }
  if (text.length % 4 !== 0 || !base64.test(text)) {
    throw new UpstreamError('malformed', 'the picture is not in base64')
  }
  return Buffer.from(text, 'base64')
}
