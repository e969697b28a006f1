import { answerOrders } from '../process/answer-orders.ts'
import { decodeAudio, type DecodedAudio } from './decode-audio.ts'

/** A recording to decode. */
export interface AudioOrder {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly limitSeconds: number
}

answerOrders<AudioOrder, DecodedAudio>('audio', ({ bytes, mediaType, limitSeconds }) =>
  decodeAudio(bytes, mediaType, limitSeconds),
)
