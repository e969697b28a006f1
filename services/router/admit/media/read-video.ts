import { MediaError } from '#services/media/media-error'
import { readMp4Facts } from './read-mp4.ts'
import { readWebmFacts } from './read-webm.ts'
import type { VideoFacts } from './video-facts.ts'

/**
 * Reads a container's index without decoding a frame.
 * @throws MediaError when it cannot be read or has no video in it
 */
export function readVideoFacts(bytes: Uint8Array, mediaType: string): VideoFacts {
  if (mediaType === 'video/mp4') return readMp4Facts(bytes)
  if (mediaType === 'video/webm') return readWebmFacts(bytes)
  throw new MediaError(`${mediaType} is no video that can be read`)
}
