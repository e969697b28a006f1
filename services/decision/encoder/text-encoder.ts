/** Turns texts into vectors of meaning. */
export interface TextEncoder {
  /** Which weights: what was fitted with one encoder is worth nothing with another. */
  readonly identity: EncoderIdentity
  /** float32 [dimensions], L2 norm 1. */
  encode(text: string): Promise<Float32Array>
  close(): Promise<void>
}

/** Names an encoder down to its bytes. */
export interface EncoderIdentity {
  readonly pack: string
  /** SHA-256 over the pack's weights and tokenizer. */
  readonly sha256: string
  /** Word pieces that are read; the rest of a text is left out. */
  readonly tokens: number
  readonly dimensions: number
}
