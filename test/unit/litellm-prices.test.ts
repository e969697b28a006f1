import { describe, expect, it } from 'vitest'
import { findLitellmNames, readLitellmPrice } from '#services/cli/commands/money/litellm-prices'

describe('readLitellmPrice()', () => {
  it('turns dollars for one into nano-USD, without the rounding of doubles', () => {
    const read = readLitellmPrice({
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
      cache_read_input_token_cost: 7.5e-8,
      output_cost_per_reasoning_token: 3e-6,
      input_cost_per_image: 0.001445,
      max_tokens: 16_384,
      litellm_provider: 'openai',
    })
    expect(read).toEqual({
      price: {
        perInputToken: 150,
        perOutputToken: 600,
        perCachedToken: 75,
        perReasoningToken: 3000,
        perImage: 1_445_000,
      },
      leftOut: [],
    })
  })

  it('reads tiers by size, and names costs that no price of ours says', () => {
    const read = readLitellmPrice({
      input_cost_per_token: 1.25e-6,
      output_cost_per_token: 1e-5,
      input_cost_per_token_above_200k_tokens: 2.5e-6,
      output_cost_per_token_above_200k_tokens: 1.5e-5,
      cache_creation_input_token_cost: 3.75e-6,
      input_cost_per_audio_token: 0,
    })
    expect(read).toEqual({
      price: {
        perInputToken: 1250,
        perOutputToken: 10_000,
        above: [{ inputTokens: 200_000, perInputToken: 2500, perOutputToken: 15_000 }],
      },
      leftOut: ['cache_creation_input_token_cost'],
    })
  })

  it('prices sound by the second', () => {
    expect(readLitellmPrice({ input_cost_per_second: 0.0001, output_cost_per_second: 0 }).price).toEqual({
      perAudioSecond: 100_000,
    })
  })
})

describe('findLitellmNames()', () => {
  it('takes the very name before names behind providers, of which there may be several', () => {
    const file = { 'gpt-4o': {}, 'azure/gpt-4o': {}, 'a/llama-3': {}, 'b/llama-3': {} }
    expect(findLitellmNames(file, 'gpt-4o')).toEqual(['gpt-4o'])
    expect(findLitellmNames(file, 'llama-3')).toEqual(['a/llama-3', 'b/llama-3'])
    expect(findLitellmNames(file, 'other')).toEqual([])
  })
})
