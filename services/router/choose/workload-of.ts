import { isWords, wordsIn, type TaskOptions, type WordPart } from '#services/contract/content'
import {
  noWork,
  seenMegapixelsOf,
  tokensOfBytes,
  windowsOf,
  type Workload,
} from '#services/state/service-times/workload'
import type { CheckedPart } from '#services/router/request/states'

/** Sound of unknown length is taken to be of 16 bits at 16 kHz. */
const soundBytesPerSecond = 32_000
/** A video of unknown length. */
const usualVideoSeconds = 10
/** A picture whose header does not give its size. */
const usualMegapixels = 1

/** How much work a request's parts are, by their headers; the words around them count too. Pure. */
export function workloadOf(parts: readonly CheckedPart[], options: TaskOptions): Workload {
  const work = { ...noWork }
  let textBytes = Buffer.byteLength(options.instruction ?? '')
  if (options.tools !== undefined) textBytes += Buffer.byteLength(JSON.stringify(options.tools))
  for (const part of parts) {
    if (isWords(part)) textBytes += Buffer.byteLength(wordsIn(part))
    else addMedia(work, part)
  }
  return { ...work, inputTokens: tokensOfBytes(textBytes) }
}

function addMedia(
  work: { -readonly [K in keyof Workload]: number },
  { kind, header, bytes }: Exclude<CheckedPart, WordPart>,
): void {
  if (kind === 'image') {
    const { width = 0, height = 0, pages = 1 } = header
    work.images += pages
    const megapixels = width > 0 ? (width * height) / 1e6 : usualMegapixels
    work.megapixels += pages * megapixels
    work.seenMegapixels += pages * seenMegapixelsOf(megapixels)
  } else if (kind === 'audio') {
    const { durationMs = (bytes.byteLength / soundBytesPerSecond) * 1000 } = header
    work.audioSeconds += durationMs / 1000
    work.audioWindows += windowsOf(durationMs / 1000)
  } else if (kind === 'video') {
    work.videoSeconds += (header['durationMs'] ?? usualVideoSeconds * 1000) / 1000
  }
}
