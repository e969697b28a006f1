import { status } from '@grpc/grpc-js'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import { parseTimeoutMs } from '#services/router/edge/grpc/grpc-js-internals'
import type { Incoming } from '#services/router/request/states'
import {
  called,
  finishedWith,
  openRpcGateway,
  type Inside,
  type RpcGateway,
} from '../../../support/gateways/rpc-gateway.ts'

const opened: RpcGateway[] = []
const sessions: ClientHttp2Session[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await Promise.all(opened.splice(0).map(gateway => gateway.stop()))
})

async function open(inside: Inside): Promise<RpcGateway> {
  const gateway = await openRpcGateway(inside)
  opened.push(gateway)
  return gateway
}

/** Sends `TASK_GENERATE` with the text "a" and a `grpc-timeout` as it is given. */
function callWith({ address }: RpcGateway, timeout: string): Promise<IncomingHttpHeaders> {
  const session = connect(`http://${address}`)
  sessions.push(session)
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/sluice.v1.Gateway/Infer',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': timeout,
    })
    let received: IncomingHttpHeaders = {}
    stream.on('response', headers => (received = { ...received, ...headers }))
    stream.on('trailers', headers => (received = { ...received, ...headers }))
    stream.on('error', reject)
    stream.on('close', () => resolve(received))
    stream.resume()
    stream.end(Buffer.from([0, 0, 0, 0, 7, 0x08, 5, 0x12, 3, 0x0a, 1, 0x61]))
  })
}

describe('a deadline of a client', () => {
  const day = 86_400_000

  it.each([
    ['a minute', '1M', 60_000],
    ['24 days', '2073600S', 24 * day],
    ['25 days', '2160000S', 25 * day],
    ['25 days in ms', '99999999m', 99_999_999],
    ['50 days', '4320000S', 50 * day],
    ['50 days in hours', '1200H', 50 * day],
    ['the longest that can be said', '99999999H', 99_999_999 * 3_600_000],
  ])('of %s is that long', async (_name, timeout, ms) => {
    let seen: Incoming | undefined
    const gateway = await open({
      handler: {
        infer: async incoming => {
          seen = incoming
          return finishedWith('in time')
        },
      },
    })
    const beforeMs = Date.now()
    const received = await callWith(gateway, timeout)
    expect(received['grpc-status']).toBe('0')
    const leftMs = (seen?.callDeadlineAt ?? 0) - beforeMs
    // Clocks are read on both sides, to the millisecond.
    expect(leftMs).toBeGreaterThan(ms - 1000)
    expect(leftMs).toBeLessThan(ms + 60_000)
  })

  it('still ends a call when it is past', async () => {
    const gateway = await open({
      handler: { infer: (_incoming, signal) => new Promise((_done, fail) => signal.addEventListener('abort', fail)) },
    })
    expect((await callWith(gateway, '50m'))['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED))
  })

  it.each(['soon', '', '5', 'S', '-1S', '1.5S', '123456789S', '10X', '5 S', '0x5S', '1S1S', '1s'])(
    'that is none (%j) is refused by name, and the server is not at fault',
    async timeout => {
      const gateway = await open({ handler: { infer: async () => finishedWith('should not run') } })
      const received = await callWith(gateway, timeout)
      expect(received['grpc-status']).toBe(String(status.INVALID_ARGUMENT))
      expect(decodeURI(String(received['grpc-message']))).toContain('grpc-timeout')
      expect(gateway.answered).toEqual(['Infer INVALID_ARGUMENT'])
    },
  )
})

describe('parseTimeoutMs()', () => {
  it.each([
    ['100m', 100],
    ['2000u', 2],
    ['1n', 1e-6],
    ['0S', 0],
    ['00000001S', 1000],
  ])('reads %s', (header, ms) => expect(parseTimeoutMs(header)).toBeCloseTo(ms, 9))
})

describe('a drain whose time is over', () => {
  it('ends calls as UNAVAILABLE, which clients ask again, and lets go of what they were waiting for', async () => {
    let left = false
    let began = false
    const gateway = await open({
      handler: {
        infer: (_incoming, signal) => {
          began = true
          signal.addEventListener('abort', () => (left = true))
          // Whatever it waits for does not end: a Redis that hangs, a model that cannot be stopped.
          return new Promise(() => {})
        },
      },
    })
    const answer = called(reply =>
      gateway.client().infer({ task: 'TASK_GENERATE', content: [{ text: 'long' }] }, reply),
    )
    while (!began) await new Promise(resolve => setTimeout(resolve, 5))
    const drainedAt = Date.now()
    await gateway.drain(200)
    const { failure } = await answer
    expect(failure?.code).toBe(status.UNAVAILABLE)
    expect(failure?.details).toContain('stopping')
    expect(left).toBe(true)
    expect(Date.now() - drainedAt).toBeLessThan(5000)
    expect(gateway.answered).toEqual(['Infer UNAVAILABLE'])
  })

  it('ends streams the same way, after what they were told', async () => {
    const gateway = await open({
      handler: {
        async infer(_incoming, _signal, emit) {
          await emit?.({ kind: 'rung-started', model: 'small', tier: 'small' })
          return new Promise(() => {})
        },
      },
    })
    const stream = gateway.client().inferStream({ task: 'TASK_GENERATE', content: [{ text: 'long' }] })
    const events: unknown[] = []
    const failed = new Promise<{ code?: number }>(resolve => stream.once('error', resolve))
    await new Promise<void>(resolve => {
      stream.on('data', event => {
        events.push(event)
        resolve()
      })
    })
    await gateway.drain(200)
    expect((await failed).code).toBe(status.UNAVAILABLE)
    expect(events).toHaveLength(1)
  })
})
