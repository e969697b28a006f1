import { mergeUsage, type ExtraTokens, type UsageCounts } from './usage-counts.ts'

/** A field, or one within a field. */
type Spelling = string | readonly [string, string]

/**
 * How servers spell their counts, of all protocols, since those who speak another's protocol often keep their own
 * names.
 * @source OpenAI API reference, `usage` of chats, responses, embeddings, images and transcriptions; Anthropic,
 * "Messages"; Gemini API, "UsageMetadata"; Amazon Bedrock, "TokenUsage"; DeepSeek, Moonshot, OpenRouter and
 * Perplexity, "chat completion"; llama.cpp, `timings`
 */
const spellings = {
  input: [
    'prompt_tokens',
    'input_tokens',
    'promptTokenCount',
    'prompt_token_count',
    'inputTokens',
    'promptTokens',
    'inputTokenCount',
  ],
  output: [
    'completion_tokens',
    'output_tokens',
    'candidatesTokenCount',
    'candidates_token_count',
    'responseTokenCount',
    'outputTokens',
    'completionTokens',
    'outputTokenCount',
  ],
  total: ['total_tokens', 'totalTokenCount', 'total_token_count', 'totalTokens'],
  seconds: ['seconds', 'prompt_audio_seconds'],
} as const satisfies Record<string, readonly Spelling[]>

/** Those that are a part of input or output, where the total does not contradict it, and those that are apart. */
const extras: Readonly<
  Record<'cached' | 'written' | 'toolUse' | 'reasoning', { inside: readonly Spelling[]; apart: readonly Spelling[] }>
> = {
  cached: {
    inside: [
      ['prompt_tokens_details', 'cached_tokens'],
      ['input_tokens_details', 'cached_tokens'],
      ['input_token_details', 'cached_tokens'],
      'cached_tokens',
      'prompt_cache_hit_tokens',
      'cachedContentTokenCount',
      'cached_content_token_count',
    ],
    apart: ['cache_read_input_tokens', 'cacheReadInputTokens', 'cacheReadInputTokenCount'],
  },
  written: {
    inside: [
      ['prompt_tokens_details', 'cache_write_tokens'],
      ['prompt_tokens_details', 'cache_creation_tokens'],
      ['input_tokens_details', 'cache_write_tokens'],
    ],
    apart: ['cache_creation_input_tokens', 'cacheWriteInputTokens', 'cacheWriteInputTokenCount'],
  },
  toolUse: { inside: [], apart: ['toolUsePromptTokenCount', 'tool_use_prompt_token_count'] },
  reasoning: {
    inside: [
      ['completion_tokens_details', 'reasoning_tokens'],
      ['output_tokens_details', 'reasoning_tokens'],
      ['output_token_details', 'reasoning_tokens'],
      'reasoning_tokens',
    ],
    apart: ['thoughtsTokenCount', 'thoughts_token_count'],
  },
}

/** As many tokens as the longest context of the day (Llama 4 Scout): larger reports are capped. */
const mostTokens = 1e7

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads what a server says of its use, in whatever spelling and wherever it is in one of its words; the later
 * places go over the earlier ones. `undefined` where it says nothing. Never throws: it is beside the answer.
 */
export function readUsages(...places: readonly unknown[]): UsageCounts | undefined {
  return places.reduce<UsageCounts | undefined>((before, place) => {
    const next = readUsage(place)
    return next === undefined ? before : mergeUsage(before, next)
  }, undefined)
}

function readUsage(value: unknown): UsageCounts | undefined {
  const fields = fieldsOf(value)
  if (fields === undefined) return undefined
  const reader = createReader(fields)
  const isOpenai = reader.has('prompt_tokens')
  const extra = (name: keyof typeof extras): ExtraTokens | undefined => {
    const inside = reader.count(extras[name].inside)
    if (inside !== undefined && inside > 0) return { tokens: inside, apart: false }
    const apart = reader.count(extras[name].apart)
    // Servers that took over OpenAI's name for the input count in it what is apart elsewhere.
    return apart === undefined ? undefined : { tokens: apart, apart: !isOpenai }
  }
  const counts: { -readonly [Field in keyof UsageCounts]: UsageCounts[Field] | undefined } = {
    input: reader.count(spellings.input) ?? reader.sum('prompt_cache_hit_tokens', 'prompt_cache_miss_tokens'),
    output: reader.count(spellings.output),
    total: reader.count(spellings.total),
    cached: extra('cached'),
    written: extra('written'),
    toolUse: extra('toolUse'),
    reasoning: extra('reasoning'),
    seconds: reader.number(spellings.seconds),
  }
  const reported = Object.entries(counts).filter(([, count]) => count !== undefined)
  if (reported.length === 0 && !reader.malformed) return undefined
  return { ...Object.fromEntries(reported), malformed: reader.malformed }
}

interface Reader {
  readonly malformed: boolean
  has(field: string): boolean
  /** The first of these that is more than zero, else zero where one is there. */
  count(names: readonly Spelling[]): number | undefined
  number(names: readonly Spelling[]): number | undefined
  sum(...names: readonly string[]): number | undefined
}

function createReader(fields: Fields): Reader {
  let malformed = false
  const number = (names: readonly Spelling[]): number | undefined => {
    const found = names.flatMap(name => {
      const value = valueAt(fields, name)
      if (value === undefined || value === null) return []
      const read = numberIn(value)
      malformed ||= read === undefined || typeof value === 'string'
      return read === undefined ? [] : [read]
    })
    return found.find(one => one > 0) ?? found[0]
  }
  const count = (names: readonly Spelling[]): number | undefined => {
    const read = number(names)
    if (read === undefined) return undefined
    malformed ||= !Number.isInteger(read) || read > mostTokens
    return Math.min(mostTokens, Math.ceil(read))
  }
  return {
    get malformed() {
      return malformed
    },
    has: field => fields[field] !== undefined && fields[field] !== null,
    number,
    count,
    sum(...names) {
      const counts = names.map(name => count([name]))
      return counts.every(one => one === undefined) ? undefined : counts.reduce<number>((sum, one = 0) => sum + one, 0)
    },
  }
}

/** A number of zero or more, also one that is written as a text. */
function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

function valueAt(fields: Fields, spelling: Spelling): unknown {
  return typeof spelling === 'string' ? fields[spelling] : fieldsOf(fields[spelling[0]])?.[spelling[1]]
}

/** The fields of an object; `undefined` for what is none. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
