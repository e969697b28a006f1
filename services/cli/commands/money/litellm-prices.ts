import { z } from 'zod'
import type { Price, PriceTier, TokenPrices } from '#services/contract/price'

/** LiteLLM's list of models, by name; what an entry holds beside prices is let through. @source https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.schema.json */
export const litellmFile = z.record(z.string(), z.looseObject({}))

/** LiteLLM's list of models. */
export type LitellmFile = z.output<typeof litellmFile>

/** A price of ours, and the costs of theirs that it cannot say. */
export interface ReadPrice {
  readonly price: Price
  readonly leftOut: readonly string[]
}

/** Their name of each price; the first that is there is taken. */
const rates: readonly (readonly [Exclude<keyof Price, 'above'>, readonly string[]])[] = [
  ['perRequest', ['input_cost_per_request']],
  ['perInputToken', ['input_cost_per_token']],
  ['perOutputToken', ['output_cost_per_token']],
  ['perCachedToken', ['cache_read_input_token_cost']],
  ['perReasoningToken', ['output_cost_per_reasoning_token']],
  ['perImage', ['input_cost_per_image']],
  ['perAudioSecond', ['input_cost_per_audio_per_second', 'input_cost_per_second']],
]

const tieredRates: readonly (readonly [keyof TokenPrices, string])[] = [
  ['perInputToken', 'input_cost_per_token'],
  ['perOutputToken', 'output_cost_per_token'],
  ['perCachedToken', 'cache_read_input_token_cost'],
  ['perReasoningToken', 'output_cost_per_reasoning_token'],
]

/** Turns an entry of theirs into a price of ours: US dollars for one unit into nano-USD, sizes in thousands into tokens. */
export function readLitellmPrice(entry: Readonly<Record<string, unknown>>): ReadPrice {
  const taken = new Set<string>()
  const take = (field: string): number | undefined => {
    const value = entry[field]
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
    taken.add(field)
    return nanoUsd(value)
  }
  const price = Object.fromEntries(
    rates.flatMap(([name, fields]) => {
      const value = fields.map(take).find(one => one !== undefined)
      return value === undefined ? [] : [[name, value]]
    }),
  ) as Price
  const above = sizesOf(entry).map((thousands): PriceTier => {
    const tier = tieredRates.flatMap(([name, field]) => {
      const value = take(`${field}_above_${thousands}k_tokens`)
      return value === undefined ? [] : [[name, value] as const]
    })
    return { inputTokens: thousands * 1000, ...Object.fromEntries(tier) }
  })
  const leftOut = Object.entries(entry)
    .filter(([field, value]) => /cost/u.test(field) && typeof value === 'number' && value > 0 && !taken.has(field))
    .map(([field]) => field)
  return { price: above.length === 0 ? price : { ...price, above }, leftOut }
}

/** Their names that mean a model of ours: the very name, else the name behind a provider's. */
export function findLitellmNames(file: LitellmFile, model: string): readonly string[] {
  if (model in file) return [model]
  return Object.keys(file).filter(name => name.endsWith(`/${model}`))
}

/** Sizes in thousands of tokens above which other prices are in force, small to large. */
function sizesOf(entry: Readonly<Record<string, unknown>>): readonly number[] {
  const sizes = Object.keys(entry).flatMap(field => {
    const size = /^(?:input_cost_per_token|output_cost_per_token)_above_(\d+)k_tokens$/u.exec(field)?.[1]
    return size === undefined ? [] : Number(size)
  })
  return [...new Set(sizes)].toSorted((a, b) => a - b)
}

/** Twelve digits: a price has fewer, and the rest is the rounding of doubles. */
function nanoUsd(usd: number): number {
  return Number((usd * 1e9).toPrecision(12))
}
