/** What kind of medium a part is. */
export type Modality = 'text' | 'image' | 'audio' | 'video'

/** Where a medium's bytes are: with the request, or to be fetched. */
export type MediaSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'uri'; readonly uri: string }

/** One piece of a request's content, in the caller's order. */
export type Part =
  | WordPart
  | { readonly kind: 'image' | 'audio' | 'video'; readonly source: MediaSource; readonly mediaType?: string }

/**
 * A part that is words. Parts before the first call of a tool are the user's message; calls in a row are one turn of the model, the
 * results after them answer it, and what comes after those is the user again.
 */
export type WordPart = { readonly kind: 'text'; readonly text: string } | ToolPart

/** A call that a model asked for before, or what came of one. */
export type ToolPart = ToolCallPart | ToolResultPart

/** `generate`: a call of a tool that a model asked for before, as it gave it. */
export interface ToolCallPart extends ToolCall {
  readonly kind: 'tool-call'
}

/** `generate`: what came of a call before it. */
export interface ToolResultPart {
  readonly kind: 'tool-result'
  readonly callId: string
  readonly content: string
  /** The call failed, and the content says why. */
  readonly isError?: true
}

/** A call of a tool that a model asks for. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  /** As the model wrote them: JSON, if it kept to the schema. */
  readonly argumentsJson: string
}

/** Whether a part is words and no medium, wherever on its way it is. */
export function isWords<P extends { readonly kind: string }>(part: P): part is Extract<P, WordPart> {
  return part.kind === 'text' || part.kind === 'tool-call' || part.kind === 'tool-result'
}

/** The words of a part, as a model reads them; ids are none. */
export function wordsIn(part: WordPart): string {
  if (part.kind === 'text') return part.text
  return part.kind === 'tool-result' ? part.content : `${part.name} ${part.argumentsJson}`
}

/** Whether calls of tools or their results are among the parts, stored ones too. */
export function hasToolTurns(parts: readonly { readonly kind: string }[]): boolean {
  return parts.some(({ kind }) => kind.startsWith('tool-'))
}

/** What a request asks to be done. */
export type Task = 'transcribe' | 'ocr' | 'classify' | 'embed' | 'generate' | 'generate_image'

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
  /** `generate_image`: width and height such as `1024x1024`; the model's own choice when absent. */
  readonly size?: string
  /** `generate_image`: a word of the model's own; its own choice when absent. */
  readonly quality?: string
}

/** A function that a model may ask its caller to call. */
export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON schema of its arguments, as JSON. */
  readonly parametersJson: string
}
