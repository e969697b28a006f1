import type { RetrievalOptions } from './retrieval/evidence.ts'

/** What kind of medium a part is. */
export type Modality = 'text' | MediumKind

/** What is no text. */
export type MediumKind = 'image' | 'audio' | 'video' | 'document'

/** Where a medium's bytes are: with the request, or to be fetched. */
export type MediaSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'uri'; readonly uri: string }

/** One piece of a request's content, in the caller's order. */
export type Part =
  | WordPart
  | (Cacheable & { readonly kind: MediumKind; readonly source: MediaSource; readonly mediaType?: string })

/** A part that is words. */
export type WordPart = TextPart | ToolPart | ReasoningPart

/** What a provider may cache the prompt up to. */
export interface Cacheable {
  readonly cachePoint?: true
}

/** Text. */
export interface TextPart extends Cacheable {
  readonly kind: 'text'
  readonly text: string
  /** Its wire takes a text without a word. */
  readonly mayBeEmpty?: true
}

/** An earlier tool call of a model, or its result. */
export type ToolPart = ToolCallPart | ToolResultPart

/** In a message of the assistant: a call of a tool that a model asked for, as it gave it. */
export interface ToolCallPart extends ToolCall, Cacheable {
  readonly kind: 'tool-call'
}

/** In a message of a tool: what came of a call before it. */
export interface ToolResultPart extends Cacheable {
  readonly kind: 'tool-result'
  readonly callId: string
  readonly content: string
  /** The call failed; the content gives the reason. */
  readonly isError?: true
}

/** In a message of the assistant: what a model thought before it answered or called a tool. */
export interface ReasoningPart extends Reasoning, Cacheable {
  readonly kind: 'reasoning'
}

/** What a model thought. It goes back to the model that wrote it, unchanged, and to no other. */
export interface Reasoning {
  /** Empty where the provider keeps it to itself. */
  readonly text: string
  /** The provider's own proof of it, opaque. */
  readonly signature?: string
  /** Name of the model that wrote it; absent is no model's. */
  readonly model?: string
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
  return part.kind === 'text' || part.kind === 'tool-call' || part.kind === 'tool-result' || part.kind === 'reasoning'
}

/** The words of a part, as a model reads them; ids and signatures are none. */
export function wordsIn(part: WordPart): string {
  if (part.kind === 'text' || part.kind === 'reasoning') return part.text
  return part.kind === 'tool-result' ? part.content : `${part.name} ${part.argumentsJson}`
}

/** What a request asks to be done. */
export type Task = 'transcribe' | 'ocr' | 'classify' | 'embed' | 'generate' | 'generate_image'

/** What of a transcript gets times: its segments, or its words too. */
export const timestampGranularities = ['segment', 'word'] as const
/** One of them. */
export type TimestampGranularity = (typeof timestampGranularities)[number]

/** Options of a task; the ones that a task does not know are refused at admission. */
export interface TaskOptions extends GenerateOptions {
  /** `classify`: a label set with trained heads, by name. */
  readonly labelSet?: string
  /** `classify`: the labels to choose among, matched without training (2 to 64). */
  readonly labels?: readonly string[]
  /** `transcribe`: ISO 639-1 code of the speech. */
  readonly language?: string
  /** `transcribe`: what gets times; nothing when absent. */
  readonly timestamps?: TimestampGranularity
  /** `generate_image`: width and height such as `1024x1024`; the model's own choice when absent. */
  readonly size?: string
  /** `generate_image`: a word of the model's own; its own choice when absent. */
  readonly quality?: string
}

/** Options of `generate`. */
export interface GenerateOptions {
  /** Highest number of output tokens, reasoning included. */
  readonly maxOutputTokens?: number
  /** Sampling temperature, 0 to 2. */
  readonly temperature?: number
  /** Share of the likeliest tokens that are sampled from. */
  readonly topP?: number
  /** How many of the likeliest tokens are sampled from. */
  readonly topK?: number
  /** Texts that end the answer. */
  readonly stop?: readonly string[]
  readonly seed?: number
  /** -2 to 2. */
  readonly presencePenalty?: number
  /** -2 to 2. */
  readonly frequencyPenalty?: number
  /** Instruction before the content. */
  readonly instruction?: string
  /** The shape of the answer; free text when absent. */
  readonly responseFormat?: ResponseFormat
  /** How much the model may think; its own choice when absent. */
  readonly reasoning?: ReasoningOptions
  /** Functions that the model may ask to be called. */
  readonly tools?: readonly Tool[]
  /** `auto`, `none`, `required`, or the name of the one tool to call. */
  readonly toolChoice?: string
  /** Whether several calls may come at once; the model's own choice when absent. */
  readonly parallelToolCalls?: boolean
  readonly serviceTier?: ServiceTier
  /** Requests of one key share a provider's prompt cache. */
  readonly promptCacheKey?: string
  /** The answer is to be found in the documents of an index. */
  readonly retrieval?: RetrievalOptions
}

/** The shape of an answer. */
export type ResponseFormat = { readonly kind: 'json-object' } | JsonSchemaFormat

/** JSON of a schema. */
export interface JsonSchemaFormat {
  readonly kind: 'json-schema'
  readonly name?: string
  readonly description?: string
  /** JSON schema, as JSON. */
  readonly schemaJson: string
  /** The provider's strict mode. */
  readonly strict?: boolean
}

/** How much a model may think before it answers. */
export interface ReasoningOptions {
  readonly effort?: ReasoningEffort
  readonly maxTokens?: number
}

/** How much a model may think, from nothing on. */
export const reasoningEfforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
/** One of them. */
export type ReasoningEffort = (typeof reasoningEfforts)[number]

/** How soon a provider answers, at what price. */
export const serviceTiers = ['auto', 'default', 'flex', 'priority'] as const
/** One of them. */
export type ServiceTier = (typeof serviceTiers)[number]

/** A function that a model may ask its caller to call. */
export interface Tool extends Cacheable {
  readonly name: string
  readonly description?: string
  /** JSON schema of its arguments, as JSON. */
  readonly parametersJson: string
  /** The provider's strict mode. */
  readonly strict?: boolean
}
