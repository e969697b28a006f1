import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import { CommandFault } from './failure.ts'

/** Room for all that is not the content of a file. */
const envelopeBytes = 1024

const files = new WeakMap<object, string>()

/** Remembers the file of a part, for messages about its size. */
export function partOfFile(part: Part, file: string): Part {
  files.set(part, file)
  return part
}

/**
 * Checks before a request is sent that the gateway takes a message of its size.
 * @throws CommandFault with the largest file, its size and the limit
 */
export function checkMessageSize({ content = [] }: InferRequest, limitBytes: number | undefined): void {
  if (limitBytes === undefined) return
  const sizes = content.map(part => ({ file: files.get(part) ?? 'the text', bytes: bytesOf(part) }))
  const bytes = sizes.reduce((sum, one) => sum + one.bytes, 0)
  const [largest] = sizes.toSorted((one, other) => other.bytes - one.bytes)
  if (largest === undefined || bytes + envelopeBytes <= limitBytes) return
  const others = sizes.length === 1 ? '' : `, and ${megabytes(bytes)} with the rest of the request`
  throw new CommandFault(
    `${largest.file}: it has ${megabytes(largest.bytes)}${others}; a request may have ${megabytes(limitBytes)} (limits.messageMegabytes)`,
  )
}

function bytesOf({ image, audio, video, document, text }: Part): number {
  const media = image ?? audio ?? video ?? document
  if (media) return Buffer.byteLength(media.bytes ?? '')
  return Buffer.byteLength(text ?? '')
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1)} MB`
}
