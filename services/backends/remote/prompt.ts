import type { GenerateOptions, ResponseFormat, TextPart } from '#services/contract/content'
import { withoutAbsent } from '#services/contract/without-absent'
import type { LoadedPart, Work } from '#services/backends/work'
import { turnsOf, type Turn } from './turns.ts'

/** The prompt of a model, for any protocol. */
export interface Prompt {
  /**
   * How to behave: the recipe's words, the caller's instruction, then the messages of role system that the
   * conversation begins with.
   */
  readonly system: readonly TextPart[]
  readonly examples: readonly { readonly input: string; readonly output: string }[]
  /** The conversation behind them. */
  readonly turns: readonly Turn[]
}

/**
 * Puts a leg's content into its recipe. With a template, the texts of the user's last message become one text, behind
 * the media that they speak of.
 */
export function promptOf(work: Work, shape: ShapeBy = 'server'): Prompt {
  const { promptTemplate, system, examples = [] } = work.recipe
  const all = turnsOf(work)
  const first = all.findIndex(({ role }) => role !== 'system')
  const leading = first < 0 ? all : all.slice(0, first)
  const turns = first < 0 ? [] : all.slice(first)
  const asked = shape === 'words' ? shapeInWords(work.options.responseFormat) : ''
  const words = [system ?? '', work.options.instruction ?? '', asked].filter(text => text !== '')
  return {
    system: [
      ...words.map((text): TextPart => ({ kind: 'text', text })),
      ...leading.flatMap(({ parts }) => parts.flatMap(part => (part.kind === 'text' ? [part] : []))),
    ],
    examples: examples.map(({ input, output }) => ({ input: fill(promptTemplate, input), output })),
    turns: promptTemplate === undefined ? turns : templated(turns, promptTemplate),
  }
}

/** How the required shape of an answer is requested: in a field of the request, or in the prompt. */
export type ShapeBy = 'server' | 'words'

/** The shape that an answer has to have, in words; empty where none is asked for. */
function shapeInWords(format: ResponseFormat | undefined): string {
  if (format === undefined) return ''
  if (format.kind === 'json-object') return 'Answer with one JSON object and nothing else.'
  const { description } = format
  const meaning = description === undefined ? '' : ` (${description})`
  return `Answer with JSON and nothing else${meaning}. It has to be valid by this JSON schema:\n${format.schemaJson}`
}

/** How to behave as one text, for protocols that have one place for it; `undefined` where nothing is said. */
export function systemText({ system }: Prompt): string | undefined {
  return system.length === 0 ? undefined : system.map(({ text }) => text).join('\n\n')
}

/** Everything that a model is shown, in one list. */
export function shownParts(prompt: Prompt): readonly LoadedPart[] {
  const { system, examples, turns } = prompt
  const exampleTexts = examples.flatMap(({ input, output }) => [input, output])
  return [
    ...system,
    ...exampleTexts.map((text): TextPart => ({ kind: 'text', text })),
    ...turns.flatMap(({ parts }) => parts),
  ]
}

function templated(turns: readonly Turn[], template: string): readonly Turn[] {
  const at = turns.findLastIndex(({ role }) => role === 'user')
  const asked = turns[at]
  const texts = (asked?.parts ?? []).flatMap(part => (part.kind === 'text' ? [part.text] : []))
  if (asked === undefined || texts.length === 0) return turns
  const media = asked.parts.filter(part => part.kind !== 'text')
  const filled: Turn = { role: 'user', parts: [...media, { kind: 'text', text: fill(template, texts.join('\n')) }] }
  return turns.with(at, filled)
}

function fill(template: string | undefined, text: string): string {
  return template === undefined ? text : template.replaceAll('{input}', () => text)
}

/** The cap that money was reserved for where neither request nor recipe sets one. */
const defaultMaxOutputTokens = 1024

/** Sampling options; the request overrides the recipe. */
export interface Sampling extends Pick<
  GenerateOptions,
  'temperature' | 'topP' | 'topK' | 'seed' | 'stop' | 'presencePenalty' | 'frequencyPenalty'
> {
  readonly maxOutputTokens: number
}

/** Reads a leg's sampling. */
export function samplingOf({ options, recipe }: Work): Sampling {
  const { topK, presencePenalty, frequencyPenalty } = options
  const {
    maxOutputTokens = defaultMaxOutputTokens,
    temperature,
    topP,
    seed,
    stop,
  } = {
    ...recipe,
    ...withoutAbsent<GenerateOptions>(options),
  }
  return withoutAbsent<Sampling>({
    maxOutputTokens,
    temperature,
    topP,
    topK,
    seed,
    stop,
    presencePenalty,
    frequencyPenalty,
  })
}
