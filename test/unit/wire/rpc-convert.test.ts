import fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Answer, DegradedReason, Output } from '#services/contract/answer'
import { isWords, type Part, type Task } from '#services/contract/content'
import type { PriorityClass } from '#services/contract/request'
import { requestFromWire } from '#services/wire/convert/from-wire'
import { durationFromWire, durationToWire, timestampToWire } from '#services/wire/convert/time'
import { answerToWire, taskToWire } from '#services/wire/convert/to-wire'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part as WirePart } from '#services/wire/generated/sluice/v1/Part'
import { loadServices, typesOf } from '#services/wire/load-proto'

const { Infer } = typesOf(loadServices(fileURLToPath(new URL('../../..', import.meta.url)))).sluice.v1.Gateway.service

/** The request as a server reads it from the bytes that a client sends. */
const throughWire = (request: InferRequest) =>
  requestFromWire(Infer.requestDeserialize(Infer.requestSerialize(request)), () => 'generate')

const task = fc.constantFrom<Task>('transcribe', 'ocr', 'classify', 'embed', 'generate', 'generate_image')
const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const ratio = fc.double({ min: 0, max: 1, noNaN: true })
const bytes = fc.uint8Array({ maxLength: 30 })

const part: fc.Arbitrary<Part> = fc.oneof(
  words.map(text => ({ kind: 'text', text }) as const),
  fc.record({
    kind: fc.constantFrom('image' as const, 'audio' as const, 'video' as const),
    source: fc.oneof(
      bytes.map(some => ({ kind: 'bytes', bytes: some }) as const),
      words.map(uri => ({ kind: 'uri', uri }) as const),
    ),
    mediaType: words,
  }),
  fc.record({ kind: fc.constant('tool-call' as const), id: words, name: words, argumentsJson: words }),
  fc.record(
    { kind: fc.constant('tool-result' as const), callId: words, content: words, isError: fc.constant(true as const) },
    { requiredKeys: ['kind', 'callId', 'content'] },
  ),
)

function partToWire(one: Part): WirePart {
  if (one.kind === 'text') return { text: one.text }
  if (one.kind === 'tool-call') return { toolCall: { id: one.id, name: one.name, argumentsJson: one.argumentsJson } }
  if (one.kind === 'tool-result') {
    const { callId, content, isError = false } = one
    return { toolResult: { callId, content, isError } }
  }
  if (one.kind === 'reasoning')
    return { reasoning: { text: one.text, signature: one.signature ?? '', model: one.model ?? '' } }
  const { source, mediaType = '' } = one
  const media =
    source.kind === 'bytes' ? { bytes: Buffer.from(source.bytes), mediaType } : { uri: source.uri, mediaType }
  return { [one.kind]: media }
}

/** Bytes come back as a Buffer. */
function comparable(one: Part): unknown {
  if (isWords(one) || one.source.kind === 'uri') return one
  return { ...one, source: { kind: 'bytes', bytes: [...one.source.bytes] } }
}

describe('requestFromWire()', () => {
  it('gives what the client meant', () => {
    const request = fc.record({
      task,
      parts: fc.array(part, { maxLength: 4 }),
      idempotencyKey: words,
      sessionKey: words,
      labels: fc.dictionary(words, words, { maxKeys: 4 }).map(pairs => ({ ...pairs })),
    })
    fc.assert(
      fc.property(request, ({ parts, labels, idempotencyKey, sessionKey, ...given }) => {
        const read = throughWire({
          task: taskToWire(given.task),
          content: parts.map(partToWire),
          idempotencyKey,
          sessionKey,
          labels,
        })
        expect(read.task).toBe(given.task)
        expect(read.parts.map(comparable)).toEqual(parts.map(comparable))
        expect(read.labels).toEqual(labels)
        expect([read.idempotencyKey, read.sessionKey]).toEqual([idempotencyKey, sessionKey])
      }),
    )
  })

  it('keeps every limit to the digit', () => {
    const limits = fc.record({
      deadlineMs: fc.integer({ min: 1, max: 1e9 }),
      maxCostNanoUsd: fc.maxSafeNat(),
      maxRisk: ratio,
    })
    fc.assert(
      fc.property(limits, ({ deadlineMs, maxCostNanoUsd, maxRisk }) => {
        const constraints = { deadline: durationToWire(deadlineMs), maxCostNanoUsd, maxRisk, model: 'm', tier: 't' }
        expect(throughWire({ task: 'TASK_OCR', constraints }).constraints).toEqual({
          priority: 'normal',
          deadlineMs,
          maxCostNanoUsd,
          maxRisk,
          model: 'm',
          tier: 't',
        })
      }),
    )
  })

  it('asks what a request without a task means, and no other', () => {
    expect(throughWire({ content: [{ text: 'a' }] }).task).toBe('generate')
    expect(throughWire({ task: 'TASK_EMBED', content: [{ text: 'a' }] }).task).toBe('embed')
  })

  it('tells nothing from zero where zero means something', () => {
    expect(throughWire({ task: 'TASK_OCR' })).toEqual({
      task: 'ocr',
      parts: [],
      options: {},
      constraints: { priority: 'normal' },
      labels: {},
    })
    const zeros = throughWire({
      task: 'TASK_GENERATE',
      options: { temperature: 0 },
      constraints: { maxCostNanoUsd: 0, minQuality: 0, deadline: {} },
    })
    expect(zeros.options).toEqual({ temperature: 0 })
    expect(zeros.constraints).toEqual({ priority: 'normal', maxCostNanoUsd: 0, minQuality: 0, deadlineMs: 0 })
  })

  it.each<[Exclude<InferRequest['constraints'], null | undefined>['priority'] & string, PriorityClass]>([
    ['PRIORITY_UNSPECIFIED', 'normal'],
    ['PRIORITY_INTERACTIVE', 'interactive'],
    ['PRIORITY_BATCH', 'batch'],
    ['PRIORITY_SHEDDABLE', 'sheddable'],
  ])('reads %s as %s', (priority, meant) => {
    expect(throughWire({ task: 'TASK_OCR', constraints: { priority } }).constraints.priority).toBe(meant)
  })

  it.each<[string, InferRequest, string]>([
    ['a task of a later version', { task: 99 as never }, 'task'],
    ['an empty part', { task: 'TASK_OCR', content: [{ text: 'a' }, {}] }, 'content[1]'],
    [
      'a medium without a source',
      { task: 'TASK_OCR', content: [{ image: { mediaType: 'image/png' } }] },
      'content[0].image',
    ],
    [
      'a priority of a later version',
      { task: 'TASK_OCR', constraints: { priority: 77 as never } },
      'constraints.priority',
    ],
  ])('refuses %s and names the field', (_what, wire, field) => {
    expect(() => throughWire(wire)).toThrow(
      expect.objectContaining({
        code: 'InvalidRequest',
        details: { violations: [expect.objectContaining({ field })] },
      }),
    )
  })

  it('takes no label for a property of every object', () => {
    const { labels } = throughWire({ task: 'TASK_OCR', labels: { constructor: 'x', toString: 'y' } })
    expect(Object.entries(labels)).toEqual([
      ['constructor', 'x'],
      ['toString', 'y'],
    ])
  })
})

describe('answerToWire()', () => {
  const output: fc.Arbitrary<Output> = fc.oneof(
    words.map(text => ({ kind: 'text', text }) as const),
    fc
      .array(fc.record({ label: words, score: ratio }), { minLength: 1, maxLength: 5 })
      .map(labels => ({ kind: 'labels', labels }) as const),
    fc
      .record({ values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 8 }), space: words })
      .map(one => ({ kind: 'embedding', ...one }) as const),
  )
  const usage = { inputTokens: 3, audioMs: 1500, computeMs: 0.25, estimated: true }
  const answer: fc.Arbitrary<Answer> = fc.record({
    output,
    model: words,
    tier: words,
    confidence: ratio,
    costNanoUsd: fc.maxSafeNat(),
    latencyMs: fc.integer({ min: 0, max: 1e8 }),
    policyVersion: words,
    degraded: fc.constantFrom<DegradedReason>('budget', 'deadline', 'no_capacity', 'rung_failed', 'overload'),
    usage: fc.constant(usage),
    rungs: fc.constant([
      {
        model: 'a',
        tier: 't',
        verdict: 'escalated',
        reason: 'low',
        confidence: 0.2,
        costNanoUsd: 1,
        latencyMs: 2,
        usage,
      },
      { model: 'b', tier: 't', verdict: 'skipped', reason: 'dear', costNanoUsd: 0, latencyMs: 0, usage: {} },
    ] as const),
  })

  it('tells the client everything, exactly', () => {
    fc.assert(
      fc.property(answer, given => {
        const read = Infer.responseDeserialize(Infer.responseSerialize(answerToWire('f'.repeat(32), given)))
        expect(read).toMatchObject({
          requestId: 'f'.repeat(32),
          model: given.model,
          confidence: given.confidence,
          costNanoUsd: given.costNanoUsd,
          policyVersion: given.policyVersion,
          degraded: true,
          degradedReason: `DEGRADED_REASON_${given.degraded?.toUpperCase()}`,
          usage: {
            inputTokens: 3,
            audio: { seconds: 1, nanos: 500_000_000 },
            compute: { seconds: 0, nanos: 250_000 },
            estimated: true,
          },
        })
        expect(durationFromWire(read.latency ?? { seconds: -1, nanos: 0 })).toBe(given.latencyMs)
        expect(outputOf(read.output)).toEqual(given.output)
        expect(read.rungs.map(rung => [rung.verdict, rung.confidence])).toEqual([
          ['VERDICT_ESCALATED', 0.2],
          ['VERDICT_SKIPPED', undefined],
        ])
      }),
    )
  })
})

type WireOutput = ReturnType<typeof Infer.responseDeserialize>['output']

function outputOf(wire: WireOutput): unknown {
  if (wire?.output === 'text') return { kind: 'text', text: wire.text }
  if (wire?.output === 'labels') return { kind: 'labels', labels: wire.labels?.labels }
  return { kind: 'embedding', ...wire?.embedding }
}

describe('times', () => {
  it('durations come back within a nanosecond, nanos always below a second', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), ms => {
        const wire = durationToWire(ms)
        expect(Math.abs(wire.nanos)).toBeLessThan(1e9)
        expect(Math.abs(durationFromWire(wire) - ms)).toBeLessThan(1e-5)
      }),
    )
  })

  it('timestamps keep the millisecond', () => {
    expect(timestampToWire(1_764_000_000_123)).toEqual({ seconds: 1_764_000_000, nanos: 123_000_000 })
  })
})
