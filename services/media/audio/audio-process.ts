import { MediaError } from '../media-error.ts'
import { decodeAudio, type DecodedAudio } from './decode-audio.ts'

/** A recording to decode. */
export interface ToAudioProcess {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly limitSeconds: number
}

/** The recording, or what is wrong with it. */
export type FromAudioProcess =
  | { readonly kind: 'decoded'; readonly audio: DecodedAudio }
  | { readonly kind: 'refused'; readonly why: string }

// Codecs print what they meet in a damaged file.
Object.assign(console, { error() {}, warn() {} })

process.on('message', (order: ToAudioProcess) => void answer(order))

async function answer({ bytes, mediaType, limitSeconds }: ToAudioProcess): Promise<void> {
  let said: FromAudioProcess
  try {
    said = { kind: 'decoded', audio: await decodeAudio(bytes, mediaType, limitSeconds) }
  } catch (error) {
    said = { kind: 'refused', why: error instanceof MediaError ? error.message : 'the audio cannot be decoded' }
  }
  process.send?.(said)
}
