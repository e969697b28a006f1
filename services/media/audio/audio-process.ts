import { answerOrders } from '../process/answer-orders.ts'
import { decodeAudio } from './decode-audio.ts'

/** A recording to decode. */
export interface AudioOrder {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly limitSeconds: number
}

answerOrders('audio', ({ bytes, mediaType, limitSeconds }: AudioOrder) => decodeAudio(bytes, mediaType, limitSeconds))
