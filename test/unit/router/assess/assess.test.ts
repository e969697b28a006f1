import sharp from 'sharp'
import { describe, expect, it, vi } from 'vitest'
import { createAssess } from '#services/router/assess/assess'
import { describePart } from '#services/router/assess/describe-part'
import { createLadderRegistry } from '#services/router/ladders/ladder-registry'
import type { Admitted, CheckedPart } from '#services/router/request/states'
import { createRequestId } from '#services/contract/ids'
import type { ModelSpec } from '#services/contract/model'
import type { Estimate, PartDescription, Policy } from '#services/decision/policy/policy'
import { wavFile } from '../../../support/wav-file.ts'

const model: ModelSpec = {
  name: 'tiny',
  tasks: ['generate'],
  modalities: ['text', 'image'],
  tier: 'small',
  pool: 'small',
  price: {},
  card: { title: '', licence: '', source: '', trainingData: '', limits: '' },
}
const ladder = {
  name: 'talk',
  task: 'generate',
  modalities: ['text', 'image'],
  rungs: [{ name: 'tiny', model, recipe: {} }],
} as const
const estimate: Estimate = { difficulty: 0.2, models: { tiny: { quality: 0.8 } }, features: { words: 1 } }

function policyThat(estimateOf: Policy['estimate']): Policy {
  const never = (): never => {
    throw new Error('assessing does not decide')
  }
  return { version: 'v', models: ['tiny'], estimate: estimateOf, confidences: never, next: never }
}

function admitted(more: Partial<Admitted> = {}): Admitted {
  return {
    requestId: createRequestId(1),
    caller: { tenant: 't', credentialId: 'c', scopes: ['infer'] },
    request: { task: 'generate', parts: [], options: {}, constraints: { priority: 'normal' }, labels: {} },
    parts: [{ kind: 'text', text: 'hello' }],
    modalities: ['text'],
    mode: 'sync',
    submittedAt: 0,
    deadlineAt: 1000,
    ...more,
  }
}

const unlooked: string[] = []
const headerOnly = (kind: string, reason: string): void => void unlooked.push(`${kind} ${reason}`)

const assessWith = (policy: Policy, describe_: (part: CheckedPart) => Promise<PartDescription> = describePart) =>
  createAssess({ ladders: createLadderRegistry([{ ladder, policy }], [model]), describe: describe_, headerOnly })

/** An estimate whose features are the names of what was described. */
const echoed = policyThat(async parts => ({
  ...estimate,
  features: Object.assign({}, ...parts.map(part => ('features' in part ? part.features : {}))),
}))

const picture: CheckedPart = {
  kind: 'image',
  bytes: new Uint8Array(1000),
  mediaType: 'image/png',
  header: { width: 200, height: 100 },
}

describe('createAssess()', () => {
  it('finds the ladder and asks its policy about every part', async () => {
    const asked: (readonly PartDescription[])[] = []
    const assess = assessWith(
      policyThat(async parts => {
        asked.push(parts)
        return estimate
      }),
    )
    const assessed = await assess(admitted())
    expect(assessed.estimate).toBe(estimate)
    expect(assessed.guided.ladder.name).toBe('talk')
    expect(asked).toEqual([[{ kind: 'text', text: 'hello' }]])
  })

  it('goes on with a named fallback when the estimator fails or does not keep to its time', async () => {
    const broken = policyThat(() => Promise.reject(new Error('no session')))
    expect((await assessWith(broken)(admitted())).estimate).toMatchObject({ fallback: 'error', difficulty: 0.5 })
    const endless = policyThat(() => new Promise(() => {}))
    expect((await assessWith(endless)(admitted())).estimate).toMatchObject({ fallback: 'timeout', models: {} })
  })

  it('describes a picture by its header when it cannot be decoded, and says so', async () => {
    unlooked.length = 0
    const { estimate: found } = await assessWith(echoed)(admitted({ parts: [picture], modalities: ['image'] }))
    expect(unlooked).toEqual(['image error'])
    expect(found.fallback).toBeUndefined()
    expect(Object.keys(found.features).toSorted()).toEqual([
      'bits_per_pixel',
      'log_aspect',
      'log_megapixels',
      'log_shorter_side',
    ])
    expect(found.features['log_aspect']).toBeCloseTo(Math.log(2))
  })

  it('does not wait for a description that takes too long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      unlooked.length = 0
      const assessing = assessWith(echoed, () => new Promise(() => {}))(admitted({ parts: [picture] }))
      await vi.advanceTimersByTimeAsync(1000)
      expect((await assessing).estimate.features).toHaveProperty('bits_per_pixel')
      expect(unlooked).toEqual(['image timeout'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses what no ladder takes', async () => {
    const assess = assessWith(policyThat(async () => estimate))
    await expect(assess(admitted({ modalities: ['audio'] }))).rejects.toMatchObject({ code: 'NoModel' })
  })

  it('asks no policy about a pinned model that stands on no ladder', async () => {
    const alone: ModelSpec = { ...model, name: 'alone' }
    const ladders = createLadderRegistry([{ ladder, policy: policyThat(async () => estimate) }], [model, alone])
    const request = { ...admitted().request, constraints: { priority: 'normal', model: 'alone' } as const }
    const assessed = await createAssess({ ladders, describe: describePart, headerOnly })(admitted({ request }))
    expect(assessed.estimate).toMatchObject({ fallback: 'no-estimator', models: {} })
    expect(assessed.guided.ladder.rungs.map(rung => rung.name)).toEqual(['alone'])
  })

  it('adds far less than a millisecond to a text', async () => {
    const assess = assessWith(policyThat(async () => estimate))
    const times: number[] = []
    for (let turn = 0; turn < 500; turn += 1) times.push((await assess(admitted())).assessMs)
    times.sort((a, b) => a - b)
    expect(times[250]).toBeLessThan(0.5)
  })
})

describe('describePart()', () => {
  it('tells a busy image from an empty one, in the same names', async () => {
    const busy = {
      create: {
        width: 300,
        height: 200,
        channels: 3,
        background: '#fff',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    } as const
    const plain = { create: { width: 300, height: 200, channels: 4, background: '#ffffff00' } } as const
    const described = await Promise.all(
      [busy, plain].map(async shape =>
        describePart({
          kind: 'image',
          bytes: await sharp(shape).png().toBuffer(),
          mediaType: 'image/png',
          header: { width: 300, height: 200 },
        }),
      ),
    )
    const [noisy, empty] = described.map(one => (one.kind === 'image' ? one.features : {}))
    expect(Object.keys(noisy ?? {})).toEqual(Object.keys(empty ?? {}))
    expect(Object.values({ ...noisy, ...empty }).every(Number.isFinite)).toBe(true)
    expect(noisy).not.toEqual(empty)
  })

  it('listens to short sound and takes the header of long sound', async () => {
    const samples = Float32Array.from({ length: 8000 }, (_, at) => Math.sin(at / 4) / 2)
    const bytes = wavFile(samples, { sampleRate: 8000, channels: 1, bits: 16 })
    const described = await describePart({ kind: 'audio', bytes, mediaType: 'audio/wav', header: { durationMs: 1000 } })
    expect(described.kind === 'audio' && Object.keys(described.features).length).toBeGreaterThan(3)
    const header = { durationMs: 61_000, sampleRateHz: 16_000 }
    expect(await describePart({ kind: 'audio', bytes, mediaType: 'audio/wav', header })).toEqual({
      kind: 'audio',
      features: { log_seconds: Math.log1p(61), log_rate: Math.log(2) },
    })
  })
})
