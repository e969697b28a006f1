import { describe, expect, it } from 'vitest'
import type { Part } from '#services/contract/content'
import { createRequestId } from '#services/contract/ids'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import { createReplay } from '#services/router/recovery/requeue'
import type { CascadeRequest, CascadeState } from '#services/state/cascade-log/cascade-log'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { historyBytes } from '#services/state/queue/payloads/history-payload'
import { cascadePlan, cascadeRequest } from '../../../support/builders.ts'
import { createMemoryPayloads } from '../../../support/stores/memory-stores.ts'

type Incoming = Parameters<RequestHandler['submit']>[0]

const nowMs = 1_000_000
const newId = createRequestId(nowMs)

function setUp(): { readonly payloads: PayloadStore; readonly replay: (request: CascadeRequest) => Promise<Incoming> } {
  const payloads = createMemoryPayloads(1_000_000, { now: () => nowMs })
  const submitted: Incoming[] = []
  const unused = (): never => expect.unreachable('a replay submits')
  const handler: RequestHandler = {
    infer: unused,
    runJob: unused,
    explain: unused,
    submit: incoming => {
      submitted.push(incoming)
      return Promise.resolve(newId)
    },
  }
  const replay = createReplay(handler, payloads)
  return {
    payloads,
    replay: async request => {
      const dead: CascadeState = {
        request,
        plan: cascadePlan('h'),
        legs: [],
        owner: 'r',
        epoch: 1,
        leaseUntil: 0,
        cancelled: false,
        revision: 1,
      }
      expect(await replay(dead, { arrivedAt: nowMs, signal: new AbortController().signal })).toBe(newId)
      return submitted[0]!
    },
  }
}

const bytes = new Uint8Array([1, 2, 3])
const reference = (payloadId: string) =>
  ({ kind: 'image', payloadId, payloadBytes: bytes.byteLength, mediaType: 'image/png' }) as const
const picture: Part = { kind: 'image', source: { kind: 'bytes', bytes }, mediaType: 'image/png' }

describe('a dead letter that is replayed', () => {
  it('is submitted as its tenant, with its own time from now', async () => {
    const { replay } = setUp()
    const { caller, mode, arrivedAt, request } = await replay(
      cascadeRequest({ tenant: 'acme', submittedAt: 5000, deadlineAt: 12_000, sessionKey: 's', labels: { a: 'b' } }),
    )
    expect(caller).toMatchObject({ tenant: 'acme', scopes: ['infer'] })
    expect([mode, arrivedAt]).toEqual(['async', nowMs])
    expect(request).toMatchObject({
      task: 'generate',
      parts: [{ kind: 'text', text: 'q' }],
      sessionKey: 's',
      labels: { a: 'b' },
      constraints: { deadlineMs: 7000 },
    })
    expect(request).not.toHaveProperty('messages')
    expect(request).not.toHaveProperty('idempotencyKey')
  })

  it('has its conversation again, words and media', async () => {
    const { payloads, replay } = setUp()
    const words = [{ kind: 'text', text: 'see' } as const, picture, { kind: 'text', text: 'yes' } as const]
    const messages = [
      { role: 'user', parts: 2 },
      { role: 'assistant', parts: 1 },
    ] as const
    const payloadId = await payloads.put('t', historyBytes({ parts: words, messages }), 5000)
    const history = { kind: 'history-payload', payloadId, payloadBytes: 1 } as const
    const { request } = await replay(
      cascadeRequest({ parts: [history, reference(await payloads.put('t', bytes, 5000))] }),
    )
    expect(request.parts).toEqual(words)
    expect(request.messages).toEqual(messages)
  })

  it('keeps the messages of a short conversation', async () => {
    const { replay } = setUp()
    const messages = [{ role: 'user', parts: 1 }] as const
    expect((await replay(cascadeRequest({ messages }))).request.messages).toEqual(messages)
  })

  it('has no session key where its conversation had none', async () => {
    const { replay } = setUp()
    const { request } = await replay(cascadeRequest({ sessionKey: 'beginning:made-of-its-first-message' }))
    expect(request).not.toHaveProperty('sessionKey')
  })

  it.each<[string, CascadeRequest['parts']]>([
    ['its history', [{ kind: 'history-payload', payloadId: 'gone', payloadBytes: 1 }]],
    ['a medium', [{ kind: 'text', text: 'see' }, reference('gone')]],
    ['a long text', [{ kind: 'text-payload', payloadId: 'gone', payloadBytes: 1 }]],
  ])('is not found once %s is gone', async (_what, parts) => {
    await expect(setUp().replay(cascadeRequest({ parts }))).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('is not found where another tenant holds its payload', async () => {
    const { payloads, replay } = setUp()
    const payloadId = await payloads.put('other', bytes, 5000)
    await expect(replay(cascadeRequest({ parts: [reference(payloadId)] }))).rejects.toMatchObject({ code: 'NotFound' })
  })
})
