import type { LoadedPart, Work } from '#services/worker/states'

/** What a model is shown, whatever protocol it goes by. */
export interface Prompt {
  /** How to behave: the recipe's words, then the caller's. */
  readonly system: string | undefined
  readonly examples: readonly { readonly input: string; readonly output: string }[]
  readonly parts: readonly LoadedPart[]
}

/**
 * Puts a leg's content into its recipe. With a template, the texts become one text, behind the media that they speak of; what comes
 * after a call of a tool is no part of the question, and stays as it is.
 */
export function promptOf({ parts, options, recipe }: Work): Prompt {
  const { promptTemplate, system, examples = [] } = recipe
  const words = [system, options.instruction].filter(text => text !== undefined && text !== '')
  return {
    system: words.length === 0 ? undefined : words.join('\n\n'),
    examples: examples.map(({ input, output }) => ({ input: fill(promptTemplate, input), output })),
    parts: promptTemplate === undefined ? parts : templated(parts, promptTemplate),
  }
}

function templated(parts: readonly LoadedPart[], template: string): readonly LoadedPart[] {
  const called = parts.findIndex(part => part.kind === 'tool-call')
  const asked = called < 0 ? parts : parts.slice(0, called)
  const texts = asked.flatMap(part => (part.kind === 'text' ? [part.text] : []))
  if (texts.length === 0) return parts
  const media = asked.filter(part => part.kind !== 'text')
  return [...media, { kind: 'text', text: fill(template, texts.join('\n')) }, ...parts.slice(asked.length)]
}

function fill(template: string | undefined, text: string): string {
  return template === undefined ? text : template.replaceAll('{input}', () => text)
}

/** The cap that money was reserved for where neither request nor recipe says. */
const defaultMaxOutputTokens = 1024

/** Sampling as request and recipe say: the request first. */
export interface Sampling {
  readonly maxOutputTokens: number
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop?: readonly string[]
}

/** Reads a leg's sampling. */
export function samplingOf({ options, recipe }: Work): Sampling {
  const temperature = options.temperature ?? recipe.temperature
  const { topP, seed, stop } = recipe
  return {
    maxOutputTokens: options.maxOutputTokens ?? recipe.maxOutputTokens ?? defaultMaxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
  }
}
