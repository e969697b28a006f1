import { describe, expect, it } from 'vitest'
import { sizesOf, boundsOf } from '#services/router/choose/worst-case-cost'
import { createPictures } from '#services/router/deliver/pictures'
import { createTakeFeedback, type Feedback } from '#services/router/learn/take-feedback'
import { outputTensors, taskTensors } from '#services/router/edge/grpc/inference/model-tensors'
import type { Finished } from '#services/router/request/states'
import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import { answerText, type Answer, type Output } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import { createRequestId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import { mostExpensiveCost } from '#services/contract/price'
import type { OutcomeRecord } from '#services/state/outcomes/outcome-record'
import { comparable, isSameAnswer } from '#services/decision/answers/same-answer'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { TakenJob } from '#services/state/queue/pool-queue'
import { answerToWire } from '#services/wire/convert/to-wire'
import { putAway } from '#services/worker/report/put-away'
import type { Outcome } from '#services/backends/work'

const bytes = Uint8Array.of(1, 2, 3)
const atHand: Output = { kind: 'image', mediaType: 'image/png', source: { kind: 'bytes', bytes } }
const stored: Output = {
  kind: 'image',
  mediaType: 'image/png',
  source: { kind: 'payload', payloadId: 'p', payloadBytes: 3 },
}
const usage = { images: 1 }
const drawn: Outcome = {
  kind: 'done',
  result: { output: atHand, rawConfidence: 1, signals: {}, usage },
}

function answerWith(output: Output): Answer {
  return {
    output,
    model: 'painter',
    tier: 'large',
    confidence: 1,
    rungs: [],
    costNanoUsd: 0,
    usage,
    latencyMs: 1,
    policyVersion: 'none',
  }
}

describe('putAway()', () => {
  function setUp(put: PayloadStore['put']) {
    const now = { ms: 1000 }
    const stays: number[] = []
    const taken = { job: { tenant: 'acme', deadlineAt: 5000 }, lost: new AbortController().signal }
    const dependencies = {
      payloads: {
        put: async (tenant: string, data: Uint8Array, ttlMs: number) => {
          stays.push(ttlMs)
          return put(tenant, data, ttlMs)
        },
      } as PayloadStore,
      clock: { now: () => now.ms },
      sleep: async (ms: number) => void (now.ms += ms),
      pictureTtlMs: 60_000,
    }
    return { stays, run: (outcome: Outcome) => putAway(outcome, taken as TakenJob, dependencies) }
  }

  it('leaves where the picture lies in place of its bytes, for as long as a job is kept', async () => {
    const { run, stays } = setUp(async () => 'p')
    expect(await run(drawn)).toEqual({
      kind: 'done',
      result: { output: stored, rawConfidence: 1, signals: {}, usage },
    })
    expect(stays).toEqual([64_000])
  })

  it('lets what is no picture be', async () => {
    const { run, stays } = setUp(async () => 'p')
    const told: Outcome = {
      kind: 'done',
      result: { output: { kind: 'text', text: 'a' }, rawConfidence: 1, signals: {}, usage },
    }
    expect(await run(told)).toBe(told)
    expect(stays).toEqual([])
  })

  it('tries again while the store is away, until time is over', async () => {
    const away = (): never => {
      throw new GatewayError('Overloaded', 'Redis is away')
    }
    let tries = 0
    const later = setUp(async () => ((tries += 1) < 3 ? away() : 'p'))
    expect(await later.run(drawn)).toMatchObject({ kind: 'done' })
    const never = setUp(async () => away())
    expect(await never.run(drawn)).toMatchObject({ kind: 'failed', reason: 'expired', usage })
  })

  it('fails the leg where its tenant has no room, and what was used stays owed', async () => {
    const { run } = setUp(async () => {
      throw new GatewayError('TooLarge', 'the payloads of this tenant fill its quota')
    })
    expect(await run(drawn)).toEqual({
      kind: 'failed',
      reason: 'model-error',
      message: 'the payloads of this tenant fill its quota',
      usage,
    })
  })
})

describe('createPictures()', () => {
  function setUp(found: Uint8Array | undefined = bytes) {
    const removed: string[] = []
    const pictures = createPictures({
      payloads: {
        get: async () => found,
        remove: async (_tenant, ids) => void removed.push(...ids),
      },
      afterwards: work => void work(),
    })
    return { removed, pictures }
  }
  const finished = (mode: 'sync' | 'async', idempotent: boolean, output: Output = stored): Finished =>
    ({
      request: { tenant: 'acme', mode, idempotent },
      end: { kind: 'answered', answer: answerWith(output) },
    }) as unknown as Finished

  it('gives the answer with its bytes, and lets go of what nobody can come back for', async () => {
    const { pictures, removed } = setUp()
    expect((await pictures.deliver(finished('sync', false))).output).toEqual(atHand)
    expect(removed).toEqual(['p'])
  })

  it('keeps the picture of a job, and of a call with an idempotency key', async () => {
    const { pictures, removed } = setUp()
    await pictures.deliver(finished('sync', true))
    await pictures.deliver(finished('async', false))
    const state = await pictures.show(finished('async', false) as unknown as CascadeState)
    expect(state.end?.kind === 'answered' && state.end.answer.output).toEqual(atHand)
    expect(removed).toEqual([])
  })

  it('says so when the time of the picture is over', async () => {
    const { pictures } = setUp()
    const gone = createPictures({
      payloads: { get: async () => undefined, remove: async () => {} },
      afterwards: () => {},
    })
    await expect(gone.deliver(finished('sync', true))).rejects.toMatchObject({ code: 'NotFound' })
    const text: Output = { kind: 'text', text: 'a' }
    expect((await pictures.deliver(finished('sync', false, text))).output).toBe(text)
  })
})

describe('a picture as an answer', () => {
  it('goes to the wire by its bytes, and never without them', () => {
    expect(answerToWire('r', answerWith(atHand)).output).toEqual({
      image: { bytes: Buffer.from(bytes), mediaType: 'image/png' },
    })
    expect(() => answerToWire('r', answerWith(stored))).toThrow('fetched')
  })

  it('is bytes to the Open Inference Protocol', () => {
    expect(outputTensors([answerWith(atHand)]).get('image')).toEqual({ datatype: 'BYTES', shape: [1], values: [bytes] })
    expect(taskTensors.generate_image.outputs.map(({ name }) => name)).toEqual(['image'])
  })

  it('is compared with nothing', () => {
    expect(answerText(stored)).toBe('a picture of 3 bytes')
    expect(answerText(atHand)).toBe('a picture of 3 bytes')
    expect(comparable('generate_image', stored)).toBeUndefined()
    expect(isSameAnswer('generate_image', stored, stored)).toBeUndefined()
  })

  it.each<[string, Feedback, readonly number[]]>([
    ['a score is that of the answer, and of the rung that gave it', { kind: 'score', score: 0.25 }, [0.25]],
    ['words are no correction of it', { kind: 'corrected', answer: 'a cat' }, []],
  ])('takes feedback: %s', async (_what, feedback, expected) => {
    const scores: number[] = []
    const records: OutcomeRecord[] = []
    const requestId = createRequestId(Date.now())
    const take = createTakeFeedback({
      cascadeLog: {
        read: async () =>
          ({
            request: {
              requestId,
              tenant: 'acme',
              task: 'generate_image',
              parts: [],
              options: {},
              constraints: {},
              labels: {},
            },
            plan: { ladder: 'l', policyVersion: 'v', estimate: { features: {}, models: {} }, rungs: [] },
            // The log keeps the answer beside the leg's end, each by itself.
            legs: [
              {
                rung: 'painter',
                end: structuredClone({ ...drawn, result: { ...drawn.result, output: stored }, receipt: {} }),
              },
            ],
            end: { kind: 'answered', answer: answerWith(stored) },
          }) as unknown as CascadeState,
      },
      outcomes: { append: async (_tenant, record) => void records.push(record) },
      clock: { now: () => 1 },
      keepContent: false,
      rungsOf: () => ['painter'],
      scored: (_finished, _confidence, score) => void scores.push(score),
    })
    await take('acme', requestId, feedback)
    expect(scores).toEqual(expected)
    expect(records.map(({ rungs }) => rungs['painter']?.score)).toEqual([expected[0]])
  })

  it('is reserved at its price, with the tokens that a server may count for it', () => {
    const rung = { name: 'painter', model: {}, recipe: {} } as unknown as Rung
    const sizes = sizesOf([{ kind: 'text', text: 'a cat' }], 'generate_image')
    const bounds = boundsOf(rung, sizes, {}, 1000)
    expect(bounds).toMatchObject({ images: 1, outputTokens: 8192 })
    expect(mostExpensiveCost(bounds, { perImage: 40_000_000 })).toBe(40_000_000)
    expect(boundsOf(rung, sizesOf([{ kind: 'text', text: 'a cat' }], 'generate'), {}, 1000).images).toBe(0)
  })
})
