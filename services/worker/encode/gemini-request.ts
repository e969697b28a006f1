import type { Tool } from '../../shared/contract/content.ts'
import type { LoadedPart, Work } from '../states.ts'
import { base64Of, promptOf, samplingOf } from './prompt.ts'

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
  | { readonly inlineData: { readonly mimeType: string; readonly data: string } }

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
    contents: [...shown, { role: 'user', parts: parts.map(partOf) }],
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

function partOf(part: LoadedPart): GeminiPart {
  if (part.kind === 'text') return { text: part.text }
  return { inlineData: { mimeType: part.mediaType, data: base64Of(part.bytes) } }
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
