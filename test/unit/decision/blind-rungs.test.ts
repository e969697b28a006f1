import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { blindRungs } from '#services/config/checks/blind-rungs'
import { loadConfig } from '#services/config/load-config'
import { createUncalibratedPolicy } from '#services/decision/policy/uncalibrated-policy'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-blind-'))
afterAll(() => rmSync(folder, { recursive: true }))

function found(backend: object, rung: object = {}, threshold = 0.8): readonly string[] {
  const pools = { p: { tier: 'small' } }
  const served = { baseUrl: 'http://127.0.0.1:1/v1', model: 'm' }
  const models = {
    first: { pool: 'p', tasks: ['generate'], backend: { ...served, ...backend }, price: { perOutputToken: 1 } },
    last: { ...chatModel('p', ['http://127.0.0.1:1/v1'], { logprobs: false, modalities: ['text'], vision: false }) },
  }
  const ladder = {
    task: 'generate',
    modalities: ['text'],
    rungs: [{ model: 'first', ...rung }, 'last'],
    uncalibrated: { confidenceThreshold: threshold },
  }
  const file = join(folder, 'sluice.yaml')
  const parts = chatConfig({ pools, models, ladders: { generate: ladder } })
  writeFileSync(file, JSON.stringify({ ...parts, redis: { url: 'redis://127.0.0.1:1' } }))
  return blindRungs(loadConfig(file).config).map(({ ladder: name, rung: at, message }) => `${name} ${at}: ${message}`)
}

describe('a rung without a measure of trust', () => {
  it.each([
    [{ kind: 'anthropic' }],
    [{ kind: 'openai', logprobs: false }],
    [{ kind: 'gemini' }],
    [{ kind: 'oip', baseUrl: 'grpc://127.0.0.1:1', input: 'i', output: 'o' }],
  ])('is told of, with what follows and what helps (%o)', backend => {
    const [note, ...rest] = found(backend)
    expect(rest).toEqual([])
    expect(note).toMatch(/^generate first: .*always 0\.500, below the threshold of 0\.8, so every request goes on/u)
    expect(note).toMatch(/samples.*verifier.*sluice calibrate/u)
  })

  it('is told of where nothing would ever go on', () => {
    expect(found({ kind: 'anthropic' }, {}, 0.4)).toEqual([
      expect.stringMatching(/at or above the threshold of 0\.4, so no request ever goes on/u),
    ])
  })

  it.each<[string, object, object]>([
    ['log-probabilities', { kind: 'openai' }, {}],
    ['log-probabilities of Gemini', { kind: 'gemini', logprobs: true }, {}],
    ['samples', { kind: 'anthropic' }, { samples: 3 }],
    ['a verifier', { kind: 'anthropic' }, { verifier: { kind: 'regex', pattern: 'yes|no' } }],
    ['a score', { kind: 'oip', baseUrl: 'grpc://127.0.0.1:1', input: 'i', output: 'o', score: 's' }, {}],
  ])('is none that has %s', (_what, backend, rung) => {
    expect(found(backend, rung)).toEqual([])
  })
})

describe('the reason of an uncalibrated verdict', () => {
  const policy = createUncalibratedPolicy({ models: ['a', 'b'], acceptRatio: 0.8 })
  const reasonOf = (rawConfidence: number, signals: Readonly<Record<string, number>>, models = ['b']): string => {
    const called = [{ model: 'a', rawConfidence, confidence: rawConfidence, costNanoUsd: 0, signals }]
    const candidates = models.map(model => ({ model, costNanoUsd: 0 }))
    return policy.next({ difficulty: 0.5, models: {}, features: {} }, called, candidates, {}).reason
  }

  it('says that the server tells no probabilities, and what would', () => {
    expect(reasonOf(0.5, { has_logprobs: 0 })).toMatch(
      /^confidence 0\.500 < 0\.800 \(uncalibrated; the server returns no log-probabilities, so it is always 0\.500: use samples, a verifier/u,
    )
  })

  it.each([
    [0.5, { has_logprobs: 1 }],
    [0.5, { has_logprobs: 0, samples: 2, agreement: 0.5 }],
    [0.5, { has_logprobs: 0, verified: 1 }],
    [0.05, { has_logprobs: 0 }],
    [0.5, {}],
  ])('says no more where something was measured (%s, %o)', (confidence, signals) => {
    expect(reasonOf(confidence, signals)).toBe(`confidence ${confidence.toFixed(3)} < 0.800 (uncalibrated)`)
  })
})
