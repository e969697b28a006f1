/** What kind of medium a part is. */
export type Modality = 'text' | 'image' | 'audio' | 'video'

/** Where a medium's bytes are: with the request, or to be fetched. */
export type MediaSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'uri'; readonly uri: string }

/** One piece of a request's content, in the caller's order. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image' | 'audio' | 'video'; readonly source: MediaSource; readonly mediaType?: string }

/** What a request asks to be done. */
export type Task = 'transcribe' | 'read' | 'classify' | 'embed' | 'generate'

/** Options of a task; the ones that a task does not know are refused at admission. */
export interface TaskOptions {
  /** `classify`: a label set with trained heads, by name. */
  readonly labelSet?: string
  /** `classify`: the labels to choose among, matched without training (2 to 64). */
  readonly labels?: readonly string[]
  /** `transcribe`: ISO 639-1 code of the speech. */
  readonly language?: string
  /** `generate`: highest number of output tokens. */
  readonly maxOutputTokens?: number
  /** `generate`: sampling temperature, 0 to 2. */
  readonly temperature?: number
  /** `generate`: text before the content that says how to behave. */
  readonly instruction?: string
  /** `generate`: functions that the model may ask to be called. */
  readonly tools?: readonly Tool[]
  /** `generate`: `auto`, `none`, `required`, or the name of the one tool to call. */
  readonly toolChoice?: string
}

/** A function that a model may ask its caller to call. */
export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON schema of its arguments, as JSON. */
  readonly parametersJson: string
}
