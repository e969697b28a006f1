import type { GenerateOptions, ReasoningEffort, Tool, ToolResultPart } from '#services/contract/content'
import { Base64Text } from '../remote/wire/base64-text.ts'
import type { LoadedPart, Work } from '#services/backends/work'
import { promptOf, samplingOf, systemText } from '../remote/prompt.ts'
import { argumentsOf, calledName, type Turn } from '../remote/turns.ts'

/** How a server is asked. */
export interface GeminiStyle {
  readonly logprobs: boolean
  /** `budget` when absent. */
  readonly thinking?: 'budget' | 'level'
}

/** Content to be answered as Gemini takes it. @source Gemini API reference, "Generating content" */
export interface GeminiRequest {
  readonly contents: GeminiContent[]
  readonly generationConfig: {
    readonly maxOutputTokens: number
    readonly temperature?: number
    readonly topP?: number
    readonly topK?: number
    readonly presencePenalty?: number
    readonly frequencyPenalty?: number
    readonly responseMimeType?: string
    readonly responseJsonSchema?: unknown
    readonly thinkingConfig?: object
    readonly seed?: number
    readonly stopSequences?: string[]
    readonly responseLogprobs?: boolean
  }
  readonly serviceTier?: 'flex' | 'standard' | 'priority'
  readonly systemInstruction?: { readonly parts: GeminiPart[] }
  readonly tools?: { readonly functionDeclarations: FunctionDeclaration[] }[]
  readonly toolConfig?: {
    readonly functionCallingConfig: { readonly mode: string; readonly allowedFunctionNames?: string[] }
  }
}

interface GeminiContent {
  readonly role: 'user' | 'model'
  readonly parts: GeminiPart[]
}

type GeminiPart =
  | { readonly text: string; readonly thoughtSignature?: string }
  | { readonly inlineData: { readonly mimeType: string; readonly data: Base64Text } }
  | {
      readonly functionCall: { readonly name: string; readonly args: Record<string, unknown> }
      readonly thoughtSignature?: string
    }
  | { readonly functionResponse: { readonly name: string; readonly response: Record<string, unknown> } }

interface FunctionDeclaration {
  readonly name: string
  readonly description?: string
  readonly parametersJsonSchema: unknown
}

/** Writes a leg as content to be answered. */
export function encodeGemini(work: Work, { logprobs, thinking = 'budget' }: GeminiStyle): GeminiRequest {
  const prompt = promptOf(work)
  const system = systemText(prompt)
  const { tools, toolChoice } = work.options
  const shown = prompt.examples.flatMap(({ input, output }): GeminiContent[] => [
    { role: 'user', parts: [{ text: input }] },
    { role: 'model', parts: [{ text: output }] },
  ])
  return {
    contents: [...shown, ...prompt.turns.flatMap((_turn, at) => contentsOf(prompt.turns, at))],
    generationConfig: { ...generationOf(work, thinking), ...(logprobs ? { responseLogprobs: true } : {}) },
    ...tierOf(work.options),
    ...(system === undefined ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    ...(tools === undefined
      ? {}
      : { tools: [{ functionDeclarations: tools.map(toolOf) }], toolConfig: configOf(toolChoice) }),
  }
}

function generationOf(work: Work, mode: NonNullable<GeminiStyle['thinking']>): GeminiRequest['generationConfig'] {
  const { maxOutputTokens, temperature, topP, topK, seed, stop, presencePenalty, frequencyPenalty } = samplingOf(work)
  return {
    maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stopSequences: [...stop] }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...shapeOf(work.options),
    ...thinkingOf(work.options, mode),
  }
}

/** @source Gemini API, `ServiceTier` */
function tierOf({ serviceTier = 'auto' }: GenerateOptions): Pick<GeminiRequest, 'serviceTier'> {
  return serviceTier === 'auto' ? {} : { serviceTier: serviceTier === 'default' ? 'standard' : serviceTier }
}

function shapeOf({ responseFormat }: GenerateOptions): Partial<GeminiRequest['generationConfig']> {
  if (responseFormat === undefined) return {}
  const schema: unknown = responseFormat.kind === 'json-schema' ? JSON.parse(responseFormat.schemaJson) : undefined
  return {
    responseMimeType: 'application/json',
    ...(schema === undefined ? {} : { responseJsonSchema: schema }),
  }
}

/** @source Gemini API, "OpenAI compatibility", "Thinking": what each effort means */
const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 512,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
}

const levels: Readonly<Record<ReasoningEffort, string>> = {
  none: 'minimal',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}

function thinkingOf(
  { reasoning }: GenerateOptions,
  mode: NonNullable<GeminiStyle['thinking']>,
): Partial<GeminiRequest['generationConfig']> {
  const { effort, maxTokens } = reasoning ?? {}
  if (effort === undefined && maxTokens === undefined) return {}
  const byLevel = mode === 'level' && maxTokens === undefined && effort !== undefined
  const much = byLevel
    ? { thinkingLevel: levels[effort] }
    : { thinkingBudget: maxTokens ?? budgets[effort ?? 'medium'] }
  return { thinkingConfig: { includeThoughts: effort !== 'none', ...much } }
}

function contentsOf(turns: readonly Turn[], at: number): GeminiContent[] {
  const turn = turns[at]
  if (turn === undefined) return []
  if (turn.role === 'assistant') {
    const parts = answerOf(turn)
    return parts.length === 0 ? [] : [{ role: 'model', parts }]
  }
  const parts = turn.parts.flatMap((part): GeminiPart[] => {
    if (part.kind === 'tool-result') return [responseOf(part, calledName(turns, at, part))]
    return partOf(part)
  })
  return parts.length === 0 ? [] : [{ role: 'user', parts }]
}

/**
 * What is put where the model's own signature of a thought is not kept: the call may have been another model's, on
 * another rung.
 * @source Gemini API, "Thought signatures", FAQ
 */
const unsigned = 'skip_thought_signature_validator'

/**
 * A turn of the model, each part with the signature that came with it. Of calls that came together the first alone
 * is signed.
 */
function answerOf({ parts }: Turn): GeminiPart[] {
  const signatures = parts.flatMap(part => (part.kind === 'reasoning' ? (part.signature ?? []) : []))
  const signatureOf = (place: string): string | undefined =>
    signatures.find(signature => signature.startsWith(`${place}:`))?.slice(place.length + 1)
  const isOwn = signatures.some(signature => signature.startsWith('call'))
  let calls = 0
  const written = parts.flatMap((part): GeminiPart[] => {
    if (part.kind !== 'tool-call') return partOf(part)
    const signature = signatureOf(`call${calls}`) ?? (isOwn ? undefined : unsigned)
    calls += 1
    const functionCall = { name: part.name, args: argumentsOf(part) }
    return [{ functionCall, ...(signature === undefined ? {} : { thoughtSignature: signature }) }]
  })
  const ofText = signatureOf('text')
  const last = written.findLastIndex(part => 'text' in part)
  return written.map((part, at) => (at === last && ofText !== undefined ? { ...part, thoughtSignature: ofText } : part))
}

/**
 * Matched by name, and by place where one tool was called several times.
 * @source Gemini API reference, "FunctionResponse"
 */
function responseOf({ content, isError }: ToolResultPart, name: string): GeminiPart {
  return { functionResponse: { name, response: isError === true ? { error: content } : { output: content } } }
}

function partOf(part: LoadedPart): GeminiPart[] {
  if (part.kind === 'text') return part.text === '' ? [] : [{ text: part.text }]
  return 'bytes' in part ? [{ inlineData: { mimeType: part.mediaType, data: new Base64Text(part.bytes) } }] : []
}

function toolOf({ name, description, parametersJson }: Tool): FunctionDeclaration {
  const parametersJsonSchema: unknown = JSON.parse(parametersJson)
  return { name, ...(description === undefined ? {} : { description }), parametersJsonSchema }
}

const modes: Readonly<Record<string, string>> = { auto: 'AUTO', none: 'NONE', required: 'ANY' }

function configOf(choice = 'auto'): NonNullable<GeminiRequest['toolConfig']> {
  const mode = modes[choice]
  return {
    functionCallingConfig: mode === undefined ? { mode: 'ANY', allowedFunctionNames: [choice] } : { mode },
  }
}
