import { createDecodingProcesses } from '../process/decoding-processes.ts'
import type { AudioOrder } from './audio-process.ts'
import type { DecodedAudio } from './decode-audio.ts'

/** Decodes recordings, each in a process that may die without harm to anything but its request. */
export interface AudioDecoder {
  /** @throws MediaError when it cannot be decoded, or not in time; the signal's reason when that is aborted */
  decode(bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<DecodedAudio>
}

/** How much a decoder may use. */
export interface AudioDecoderOptions {
  /** Longest recording in seconds. */
  readonly limitSeconds: number
  /** A recording that takes longer to decode is refused. */
  readonly timeoutMs: number
  /** Processes at once; others wait for their turn. */
  readonly processes: number
}

/** Makes one. */
export function createAudioDecoder({ limitSeconds, timeoutMs, processes }: AudioDecoderOptions): AudioDecoder {
  const running = createDecodingProcesses<AudioOrder, DecodedAudio>({
    moduleUrl: import.meta.url,
    entry: 'audio-process',
    what: 'audio',
    timeoutMs,
    processes,
  })
  return { decode: (bytes, mediaType, signal) => running.decode({ bytes, mediaType, limitSeconds }, signal) }
}
