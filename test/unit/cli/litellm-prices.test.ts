import { describe, expect, it } from 'vitest'
import { findLitellmNames, readLitellmPrice } from '#services/cli/commands/money/litellm-prices'

const why = (entry: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(readLitellmPrice(entry).leftOut.map(one => [one.field, one.why]))

describe('readLitellmPrice()', () => {
  it('turns dollars for one into nano-USD, without the rounding of doubles', () => {
    const read = readLitellmPrice({
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
      cache_read_input_token_cost: 7.5e-8,
      cache_creation_input_token_cost: 1.875e-7,
      output_cost_per_reasoning_token: 3e-6,
      max_tokens: 16_384,
      mode: 'chat',
      litellm_provider: 'openai',
    })
    expect(read).toEqual({
      price: {
        perInputToken: 150,
        perOutputToken: 600,
        perCachedToken: 75,
        perCacheWriteToken: 187.5,
        perReasoningToken: 3000,
      },
      leftOut: [],
    })
  })

  it('reads tiers by size, those of caches too, and names what no price of ours says', () => {
    const read = readLitellmPrice({
      mode: 'chat',
      input_cost_per_token: 1.25e-6,
      output_cost_per_token: 1e-5,
      input_cost_per_token_above_128k_tokens: 2e-6,
      input_cost_per_token_above_200k_tokens: 2.5e-6,
      output_cost_per_token_above_200k_tokens: 1.5e-5,
      cache_read_input_token_cost_above_200k_tokens: 2.5e-7,
      cache_creation_input_token_cost_above_200k_tokens: 3e-6,
      cache_creation_input_token_cost_above_1hr: 6e-6,
      input_cost_per_audio_token: 0,
      input_cost_per_token_batches: 6.25e-7,
      output_cost_per_token_flex: 5e-6,
      input_cost_per_token_priority: 2e-6,
      cache_read_input_token_cost_priority: 2e-7,
      search_context_cost_per_query: { search_context_size_low: 0.03 },
    })
    expect(read.price).toEqual({
      perInputToken: 1250,
      perOutputToken: 10_000,
      above: [
        { inputTokens: 128_000, perInputToken: 2000 },
        {
          inputTokens: 200_000,
          perInputToken: 2500,
          perOutputToken: 15_000,
          perCachedToken: 250,
          perCacheWriteToken: 3000,
        },
      ],
    })
    expect(Object.fromEntries(read.leftOut.map(one => [one.field, one.why]))).toEqual({
      cache_creation_input_token_cost_above_1hr: 'no caches of an hour are asked for',
      input_cost_per_token_batches: 'requests are not sent as batches',
      output_cost_per_token_flex: 'requests go at the standard service tier',
      input_cost_per_token_priority: 'requests go at the standard service tier',
      cache_read_input_token_cost_priority: 'requests go at the standard service tier',
      search_context_cost_per_query: 'no tool of the provider is asked for',
    })
  })

  it('reads a list of tiers, whatever its order, each in force above the end of the one before', () => {
    const tiers = [
      { range: [32_001, 128_000.0], input_cost_per_token: 1.8e-6, output_cost_per_token: 9e-6 },
      {
        range: [0, 32_000],
        input_cost_per_token: 1e-6,
        output_cost_per_token: 5e-6,
        cache_read_input_token_cost: 1e-7,
      },
      { range: [128_000, null], input_cost_per_token: 3e-6, output_cost_per_token: 1.5e-5 },
    ]
    expect(readLitellmPrice({ mode: 'chat', tiered_pricing: tiers })).toEqual({
      price: {
        perInputToken: 1000,
        perOutputToken: 5000,
        perCachedToken: 100,
        above: [
          { inputTokens: 32_000, perInputToken: 1800, perOutputToken: 9000 },
          { inputTokens: 128_000, perInputToken: 3000, perOutputToken: 15_000 },
        ],
      },
      leftOut: [],
    })
  })

  it.each([
    ['that are no tiers by size', [{ max_results_range: [0, 25], input_cost_per_query: 0.005 }]],
    ['of other costs', [{ range: [0, 10], input_cost_per_second: 0.1 }]],
    ['that are empty', []],
    ['that are none', 'soon'],
  ])('names tiers %s, and gives no price', (_what, tiered) => {
    const read = readLitellmPrice({ mode: 'chat', tiered_pricing: tiered })
    expect(read.price).toBeUndefined()
    expect(read.unpriced).toContain('perInputToken')
    expect(read.leftOut.map(one => one.field)).toEqual(['tiered_pricing'])
  })

  it.each<[string, Record<string, unknown>, object]>([
    ['both directions', { input_cost_per_second: 1e-4, output_cost_per_second: 1e-4 }, { perAudioSecond: 100_000 }],
    ['input alone', { input_cost_per_second: 3.083e-5, output_cost_per_second: 0 }, { perAudioSecond: 30_830 }],
    ['output alone', { input_cost_per_second: 0, output_cost_per_second: 1e-4 }, { perAudioSecond: 100_000 }],
    [
      'its tokens of sound',
      { input_cost_per_audio_token: 6e-6, input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
      { perInputToken: 6000, perOutputToken: 10_000 },
    ],
  ])('prices a transcription by %s', (_what, fields, price) => {
    expect(readLitellmPrice({ mode: 'audio_transcription', ...fields }).price).toEqual(price)
  })

  it.each<[string, Record<string, unknown>, object | undefined, readonly string[]]>([
    ['what it gives', { output_cost_per_image: 0.04 }, { perImage: 40_000_000 }, []],
    [
      'what it gives, its input being free',
      { input_cost_per_image: 0, output_cost_per_image: 0.008 },
      { perImage: 8_000_000 },
      [],
    ],
    [
      'one price that is said twice',
      { input_cost_per_image: 0.05, output_cost_per_image: 0.05 },
      { perImage: 50_000_000 },
      [],
    ],
    [
      'the input’s price where it has no other',
      { input_cost_per_image: 0.167, output_cost_per_pixel: 0 },
      { perImage: 167_000_000 },
      [],
    ],
    [
      'what it gives, and not what it sees',
      { input_cost_per_image: 0.0011, output_cost_per_image: 0.134, input_cost_per_token: 2e-6 },
      { perImage: 134_000_000, perInputToken: 2000 },
      ['input_cost_per_image'],
    ],
    [
      'its picture rather than the tokens of it',
      { output_cost_per_image: 0.039, output_cost_per_image_token: 3e-5, output_cost_per_token: 2.5e-6 },
      { perImage: 39_000_000 },
      ['output_cost_per_image_token', 'output_cost_per_token'],
    ],
    [
      'tokens of the picture',
      { input_cost_per_token: 5e-6, input_cost_per_image_token: 8e-6, output_cost_per_image_token: 3.2e-5 },
      { perInputToken: 5000, perOutputToken: 32_000 },
      ['input_cost_per_image_token'],
    ],
    [
      'nothing where pixels cost',
      { input_cost_per_pixel: 4e-8, output_cost_per_token: 0 },
      undefined,
      ['input_cost_per_pixel'],
    ],
    ['zero where the list says so', { input_cost_per_pixel: 0, output_cost_per_token: 0 }, { perOutputToken: 0 }, []],
  ])('prices a picture by %s', (_what, fields, price, leftOut) => {
    const read = readLitellmPrice({ mode: 'image_generation', ...fields })
    expect(read.price).toEqual(price)
    expect(read.leftOut.map(one => one.field)).toEqual(leftOut)
  })

  it.each<[string, Record<string, unknown>, object | undefined]>([
    ['seconds', { input_cost_per_second: 0.011, output_cost_per_second: 0.011 }, undefined],
    [
      'seconds beside zeros',
      { input_cost_per_token: 0, output_cost_per_token: 0, input_cost_per_second: 0.01 },
      undefined,
    ],
    ['characters', { input_cost_per_character: 1e-7, output_cost_per_character: 1e-7 }, undefined],
    ['input alone', { input_cost_per_token: 1e-6 }, undefined],
    ['output alone', { output_cost_per_token: 1e-6 }, undefined],
    ['a free input and nothing of its output', { input_cost_per_token: 0 }, undefined],
    ['words for numbers', { input_cost_per_token: 'cheap', output_cost_per_token: 'cheap' }, undefined],
    ['negative numbers', { input_cost_per_token: -1, output_cost_per_token: -1 }, undefined],
    ['null', { input_cost_per_token: null, output_cost_per_token: null }, undefined],
    ['pictures alone', { input_cost_per_image: 0.01 }, undefined],
    ['nothing', {}, undefined],
    [
      'zeros in both directions',
      { input_cost_per_token: 0, output_cost_per_token: 0.0 },
      { perInputToken: 0, perOutputToken: 0 },
    ],
    [
      'numbers written as texts',
      { input_cost_per_token: '1e-06', output_cost_per_token: '0.000005' },
      { perInputToken: 1000, perOutputToken: 5000 },
    ],
  ])('never makes a chat free by mistake: priced by %s', (_what, fields, price) => {
    const read = readLitellmPrice({ mode: 'chat', ...fields })
    expect(read.price).toEqual(price)
    expect(read.unpriced === undefined).toBe(price !== undefined)
  })

  it('leaves what a picture costs out of a chat that counts the tokens of pictures', () => {
    const entry = {
      mode: 'chat',
      input_cost_per_token: 3e-6,
      output_cost_per_token: 1.5e-5,
      input_cost_per_image: 0.0048,
    }
    expect(readLitellmPrice(entry).price).toEqual({ perInputToken: 3000, perOutputToken: 15_000 })
    expect(why(entry)).toEqual({ input_cost_per_image: 'media of a chat are billed by the tokens that they make' })
  })

  it('goes by the task where an entry names no mode', () => {
    const entry = { input_cost_per_second: 0.0001, output_cost_per_second: 0 }
    expect(readLitellmPrice(entry, 'transcribe').price).toEqual({ perAudioSecond: 100_000 })
    expect(readLitellmPrice(entry, 'generate').price).toBeUndefined()
  })

  it('prices a vector by its input', () => {
    const entry = {
      mode: 'embedding',
      input_cost_per_token: 1e-7,
      output_cost_per_token: 0,
      input_cost_per_character: 2.5e-8,
    }
    expect(readLitellmPrice(entry).price).toEqual({ perInputToken: 100, perOutputToken: 0 })
    expect(why(entry)).toEqual({ input_cost_per_character: 'nothing is billed by characters' })
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
