/** What a video's container says; only what is known. */
export interface VideoFacts {
  readonly width?: number
  readonly height?: number
  readonly durationMs?: number
  readonly frames?: number
  readonly keyFrames?: number
  /**
   * Standard deviation over mean of the sizes of its frames: what moves unevenly is hard to foretell for an encoder
   * too.
   */
  readonly frameSizeSpread?: number
  readonly audioTracks?: number
}
