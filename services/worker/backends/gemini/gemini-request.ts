import type { Tool } from '#services/contract/content'
import { Base64Text } from '../remote/wire/base64-text.ts'
import type { Work } from '#services/worker/states'
import { promptOf, samplingOf } from '../remote/prompt.ts'
import { argumentsOf, turnsOf, type AnsweredCall, type SaidPart, type Turn } from '../remote/turns.ts'

/** Content to be answered as Gemini takes it. @source Gemini API reference, "Generating content" */
export interface GeminiRequest {
  readonly contents: GeminiContent[]
  readonly generationConfig: {
    readonly maxOutputTokens: number
    readonly temperature?: number
    readonly topP?: number
    readonly seed?: number
    readonly stopSequences?: string[]
    readonly responseLogprobs?: boolean
  }
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
  | { readonly text: string }
  | { readonly inlineData: { readonly mimeType: string; readonly data: Base64Text } }
  | {
      readonly functionCall: { readonly name: string; readonly args: Record<string, unknown> }
      readonly thoughtSignature: string
    }
  | { readonly functionResponse: { readonly name: string; readonly response: Record<string, unknown> } }

interface FunctionDeclaration {
  readonly name: string
  readonly description?: string
  readonly parametersJsonSchema: unknown
}

/** Writes a leg as content to be answered. */
export function encodeGemini(work: Work, logprobs: boolean): GeminiRequest {
  const { system, examples, parts } = promptOf(work)
  const { maxOutputTokens, temperature, topP, seed, stop } = samplingOf(work)
  const { tools, toolChoice } = work.options
  const shown = examples.flatMap(({ input, output }): GeminiContent[] => [
    { role: 'user', parts: [{ text: input }] },
    { role: 'model', parts: [{ text: output }] },
  ])
  return {
    contents: [...shown, ...turnsOf(parts).flatMap(contentsOf)],
    generationConfig: {
      maxOutputTokens,
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { topP }),
      ...(seed === undefined ? {} : { seed }),
      ...(stop === undefined ? {} : { stopSequences: [...stop] }),
      ...(logprobs ? { responseLogprobs: true } : {}),
    },
    ...(system === undefined ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    ...(tools === undefined
      ? {}
      : { tools: [{ functionDeclarations: tools.map(toolOf) }], toolConfig: configOf(toolChoice) }),
  }
}

function contentsOf(turn: Turn): GeminiContent[] {
  if (turn.kind === 'said') return [{ role: 'user', parts: turn.parts.map(partOf) }]
  return [
    { role: 'model', parts: turn.answered.map(callOf) },
    { role: 'user', parts: turn.answered.map(responseOf) },
  ]
}

/**
 * What is put where the model's own signature of a thought is not kept: the call may have been another model's, on another rung.
 * @source Gemini API, "Thought signatures", FAQ
 */
const unsigned = 'skip_thought_signature_validator'

function callOf({ call }: AnsweredCall): GeminiPart {
  return { functionCall: { name: call.name, args: argumentsOf(call) }, thoughtSignature: unsigned }
}

/** Matched by name, and by place where one tool was called several times. @source Gemini API reference, "FunctionResponse" */
function responseOf({ call, result }: AnsweredCall): GeminiPart {
  const response = result.isError === true ? { error: result.content } : { output: result.content }
  return { functionResponse: { name: call.name, response } }
}

function partOf(part: SaidPart): GeminiPart {
  if (part.kind === 'text') return { text: part.text }
  return { inlineData: { mimeType: part.mediaType, data: new Base64Text(part.bytes) } }
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
