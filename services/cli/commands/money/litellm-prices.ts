import { z } from 'zod'
import type { Task } from '#services/contract/content'
import type { Price, PriceTier, TokenPrices } from '#services/contract/price'
import { whyLeftOut } from './litellm-fields.ts'

/**
 * LiteLLM's list of models, by name; what an entry holds beside prices is let through.
 * @source https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.schema.json
 */
export const litellmFile = z.record(z.string(), z.looseObject({}))

/** LiteLLM's list of models. */
export type LitellmFile = z.output<typeof litellmFile>

/** A field of theirs that our prices cannot express, and why. */
export interface LeftOutField {
  readonly field: string
  readonly why: string
}

/** What an entry of theirs comes to. */
export interface ReadPrice {
  /** Absent where the entry has no price. */
  readonly price?: Price
  /** Why there is no price. */
  readonly unpriced?: string
  readonly leftOut: readonly LeftOutField[]
}

/** What a model does, as far as it decides which of their fields are its price. */
type Kind = 'chat' | 'embed' | 'transcribe' | 'generate_image'

type Rate = Exclude<keyof Price, 'above'>
type Fields = Readonly<Record<string, unknown>>

const kindsOfModes: Readonly<Record<string, Kind>> = {
  embedding: 'embed',
  audio_transcription: 'transcribe',
  image_generation: 'generate_image',
  image_edit: 'generate_image',
}

/** Their names of each price of tokens; of several the first that costs something is taken. */
const tokenRates: readonly (readonly [keyof TokenPrices, readonly string[]])[] = [
  ['perInputToken', ['input_cost_per_token']],
  ['perOutputToken', ['output_cost_per_token']],
  ['perCachedToken', ['cache_read_input_token_cost', 'input_cost_per_token_cache_hit']],
  ['perCacheWriteToken', ['cache_creation_input_token_cost']],
  ['perReasoningToken', ['output_cost_per_reasoning_token']],
]

/**
 * What each kind is priced by. The input of a transcription is sound, the output of a drawing a picture: such
 * tokens have prices of their own.
 */
const ratesOf: Readonly<Record<Kind, readonly (readonly [Rate, readonly string[]])[]>> = {
  chat: [['perRequest', ['input_cost_per_request']], ...tokenRates],
  embed: [['perRequest', ['input_cost_per_request']], ...tokenRates, ['perImage', ['input_cost_per_image']]],
  transcribe: [
    ['perRequest', ['input_cost_per_request']],
    ['perInputToken', ['input_cost_per_audio_token', 'input_cost_per_token']],
    ...tokenRates.slice(1),
    ['perAudioSecond', ['input_cost_per_second', 'input_cost_per_audio_per_second', 'output_cost_per_second']],
  ],
  generate_image: [
    ['perRequest', ['input_cost_per_request']],
    ['perImage', ['output_cost_per_image', 'input_cost_per_image']],
    ['perInputToken', ['input_cost_per_token']],
    ['perOutputToken', ['output_cost_per_image_token', 'output_cost_per_token']],
    ['perCachedToken', ['cache_read_input_token_cost']],
  ],
}

/** Without one of each of these a call would seem to cost nothing, or next to it. */
const needed: Readonly<Record<Kind, readonly (readonly Rate[])[]>> = {
  chat: [['perInputToken'], ['perOutputToken']],
  embed: [['perInputToken', 'perRequest']],
  transcribe: [['perAudioSecond', 'perInputToken', 'perRequest']],
  generate_image: [['perImage', 'perOutputToken', 'perRequest']],
}

/**
 * Turns an entry of theirs into a price of ours: US dollars for one unit into nano-USD, sizes into tokens. Which
 * fields are its price hangs on its `mode`, or on the task where it names none. What the entry leaves open is not
 * taken for free: only a list that says zero, and of nothing else that it costs, makes a model free.
 */
export function readLitellmPrice(entry: Fields, task?: Task): ReadPrice {
  const kind = kindOf(entry, task)
  const taken = new Set<string>()
  const base = readRates(entry, ratesOf[kind], '', taken)
  const { lowest, above } = readTiers(entry, taken)
  const rates = withoutTwice({ ...lowest, ...base }, kind, taken)
  const price: Price = above.length === 0 ? rates : { ...rates, above }
  const leftOut = leftOutOf(entry, kind, taken)
  const unpriced = whyUnpriced(price, kind, leftOut)
  return unpriced === undefined ? { price, leftOut } : { unpriced, leftOut }
}

function kindOf({ mode }: Fields, task: Task | undefined): Kind {
  if (typeof mode === 'string') return kindsOfModes[mode] ?? 'chat'
  return task === 'embed' || task === 'transcribe' || task === 'generate_image' ? task : 'chat'
}

/**
 * Reads fields with an ending. Names for one price that say the same are all taken; one that says otherwise is left
 * to be told.
 */
function readRates<Name extends string>(
  entry: Fields,
  rates: readonly (readonly [Name, readonly string[]])[],
  ending: string,
  taken: Set<string>,
): Partial<Record<Name, number>> {
  return Object.fromEntries(
    rates.flatMap(([name, fields]) => {
      const found = fields.flatMap(field => {
        const value = costOf(entry[field + ending])
        return value === undefined ? [] : [{ field: field + ending, value }]
      })
      const chosen = found.find(({ value }) => value > 0) ?? found[0]
      for (const { field, value } of found) if (value === 0 || value === chosen?.value) taken.add(field)
      return chosen === undefined ? [] : [[name, chosen.value] as const]
    }),
  ) as Partial<Record<Name, number>>
}

interface Tiers {
  /** The tier of a price list for the smallest inputs. */
  readonly lowest: TokenPrices
  readonly above: readonly PriceTier[]
}

const range = z.tuple([z.number().min(0), z.number().min(0).nullable()]).rest(z.unknown())
const tierList = z.array(z.looseObject({ range })).min(1)

/**
 * Prices by the size of the input: in fields such as `input_cost_per_token_above_200k_tokens`, or in a list with
 * ranges.
 */
function readTiers(entry: Fields, taken: Set<string>): Tiers {
  const above = sizesOf(entry).map((thousands): PriceTier => {
    const rates = readRates(entry, tokenRates, `_above_${thousands}k_tokens`, taken)
    return { inputTokens: thousands * 1000, ...rates }
  })
  const list = tierList.safeParse(entry['tiered_pricing'])
  if (!list.success) return { lowest: {}, above }
  const listed = list.data.toSorted((one, other) => one.range[0] - other.range[0])
  const tiers = listed.map((one, place) => readListed(one, listed[place - 1]?.range[1]))
  const [first, ...others] = tiers
  if (first === undefined || tiers.some(tier => tier === undefined)) return { lowest: {}, above }
  taken.add('tiered_pricing')
  const { inputTokens: _from, ...lowest } = first
  const bySize = new Map([...above, ...others.flatMap(tier => tier ?? [])].map(tier => [tier.inputTokens, tier]))
  return { lowest, above: [...bySize.values()] }
}

/**
 * One of a list, in force above the end of the one before it; `undefined` where it has a cost that is none of
 * tokens.
 */
function readListed(listed: z.output<typeof tierList>[number], endBefore: number | null = null): PriceTier | undefined {
  const from = Math.min(listed.range[0], endBefore ?? Infinity)
  const taken = new Set<string>()
  const rates = readRates(listed, tokenRates, '', taken)
  const isRead = Object.keys(listed).every(field => !isCostField(field) || taken.has(field))
  return isRead && taken.size > 0 ? { inputTokens: Math.round(from), ...rates } : undefined
}

/** Sizes in thousands of tokens above which other prices are in force, small to large. */
function sizesOf(entry: Fields): readonly number[] {
  const sizes = Object.keys(entry).flatMap(field => {
    const size = /_above_(\d+)k_tokens$/u.exec(field)?.[1]
    const isRate = tokenRates.some(([, names]) => names.some(name => field === `${name}_above_${size}k_tokens`))
    return size === undefined || !isRate || costOf(entry[field]) === undefined ? [] : Number(size)
  })
  return [...new Set(sizes)].toSorted((one, other) => one - other)
}

/** A picture priced as a whole is not priced by its tokens too. */
function withoutTwice(rates: Price, kind: Kind, taken: Set<string>): Price {
  if (kind !== 'generate_image' || !((rates.perImage ?? 0) > 0)) return rates
  taken.delete('output_cost_per_image_token')
  taken.delete('output_cost_per_token')
  const { perOutputToken: _tokens, ...others } = rates
  return others
}

function isCostField(field: string): boolean {
  return /cost|pricing/u.test(field)
}

/** Fields that cost something and were not taken; what costs nothing is no loss. */
function leftOutOf(entry: Fields, kind: Kind, taken: ReadonlySet<string>): readonly LeftOutField[] {
  return Object.entries(entry)
    .filter(([field, value]) => isCostField(field) && !taken.has(field) && !isNothing(value))
    .map(([field, value]) => ({ field, why: whyLeftOut(field, value, kind) }))
}

function isNothing(value: unknown): boolean {
  return value === null || costOf(value) === 0
}

function whyUnpriced(price: Price, kind: Kind, leftOut: readonly LeftOutField[]): string | undefined {
  const missing = needed[kind].find(names => names.every(name => price[name] === undefined))
  if (missing !== undefined) return `it does not say what we bill by (${missing.join(' or ')})`
  const isFree = [price, ...(price.above ?? [])].every(rates =>
    Object.entries(rates).every(([name, rate]) => name === 'inputTokens' || typeof rate !== 'number' || rate === 0),
  )
  if (!isFree || leftOut.length === 0) return undefined
  return `all that is left of it is zero, and ${leftOut.map(({ field }) => field).join(', ')} is not`
}

/** Their names that mean a model of ours: the very name, else the name behind a provider's. */
export function findLitellmNames(file: LitellmFile, model: string): readonly string[] {
  if (model in file) return [model]
  return Object.keys(file).filter(name => name.endsWith(`/${model}`))
}

/**
 * Nano-USD of a cost of theirs; `undefined` for what is none. Twelve digits: a price has fewer, and the rest is the
 * rounding of doubles.
 */
function costOf(cost: unknown): number | undefined {
  const usd = typeof cost === 'string' && cost.trim() !== '' ? Number(cost) : cost
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) return undefined
  return Number((usd * 1e9).toPrecision(12))
}
