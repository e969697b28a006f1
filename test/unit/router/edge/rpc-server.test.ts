import {
  compressionAlgorithms,
  credentials,
  loadPackageDefinition,
  Metadata,
  ServerInterceptingCall,
  status,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { protoPath } from 'grpc-health-check'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { GatewayError, invalidField } from '#services/contract/errors'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { readFailure } from '#services/wire/status'
import { openRpcServer } from '#services/router/edge/grpc/server'
import type { EmitEvent, Incoming } from '#services/router/request/states'
import {
  called,
  finishedWith,
  errorMessages,
  openRpcGateway,
  type Inside,
  type RpcGateway,
} from '../../../support/gateways/rpc-gateway.ts'

const opened: RpcGateway[] = []

async function open(inside: Inside): Promise<RpcGateway> {
  const gateway = await openRpcGateway(inside)
  opened.push(gateway)
  return gateway
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(gateway => gateway.stop()))
})

const request: InferRequest = { task: 'TASK_GENERATE', content: [{ text: 'hello' }] }

describe('Infer', () => {
  it('gives the handler what the client meant, and the client the answer', async () => {
    let seen: Incoming | undefined
    const gateway = await open({
      handler: {
        async infer(incoming) {
          seen = incoming
          return finishedWith('bonjour')
        },
      },
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const metadata = new Metadata()
    metadata.set('traceparent', traceparent)
    metadata.add('tracestate', 'congo=t61rcWkgMzE')
    metadata.add('tracestate', 'rojo=00f067aa0ba902b7')
    const deadlineAt = Date.now() + 5000
    const { value } = await called(reply => gateway.client().infer(request, metadata, { deadline: deadlineAt }, reply))
    expect(value).toMatchObject({
      output: { text: 'bonjour' },
      costNanoUsd: 7,
      latency: { seconds: 0, nanos: 12_500_000 },
    })
    expect(seen).toMatchObject({
      mode: 'sync',
      traceparent,
      tracestate: 'congo=t61rcWkgMzE, rojo=00f067aa0ba902b7',
      caller: { tenant: 'local' },
      request: { task: 'generate' },
    })
    expect(Math.abs((seen?.callDeadlineAt ?? 0) - deadlineAt)).toBeLessThan(500)
    expect(gateway.answered).toEqual(['Infer OK'])
  })

  it('passes no trace context that is none', async () => {
    const seen: Incoming[] = []
    const gateway = await open({
      handler: {
        async infer(incoming) {
          seen.push(incoming)
          return finishedWith('')
        },
      },
    })
    const metadata = new Metadata()
    metadata.set('traceparent', 'not-a-trace')
    metadata.set('tracestate', 'congo=t61rcWkgMzE')
    await called(reply => gateway.client().infer(request, metadata, reply))
    expect(seen[0]).not.toHaveProperty('traceparent')
    expect(seen[0]).not.toHaveProperty('tracestate')
    expect(seen[0]).not.toHaveProperty('callDeadlineAt')
  })

  it('passes no state of a trace on that is longer than one that must be', async () => {
    const seen: Incoming[] = []
    const gateway = await open({
      handler: {
        async infer(incoming) {
          seen.push(incoming)
          return finishedWith('')
        },
      },
    })
    for (const length of [512, 513]) {
      const metadata = new Metadata()
      metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
      metadata.set('tracestate', 'a='.padEnd(length, 'x'))
      await called(reply => gateway.client().infer(request, metadata, reply))
    }
    expect(seen.map(({ tracestate }) => tracestate?.length)).toEqual([512, undefined])
  })

  it('refuses a task that does not exist and names the field', async () => {
    const gateway = await open({})
    const { failure } = await called(reply => gateway.client().infer({ task: 77 as never }, reply))
    expect(readFailure(failure!, errorMessages)).toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: [{ field: 'task' }],
    })
  })

  it('tells the handler when the client leaves', async () => {
    let signal: AbortSignal | undefined
    const gateway = await open({ handler: { infer: hanging(given => (signal = given)) } })
    const outcome = called(reply => {
      const call = gateway.client().infer(request, reply)
      void until(() => signal !== undefined).then(() => call.cancel())
      return call
    })
    expect((await outcome).failure?.code).toBe(status.CANCELLED)
    await until(() => signal?.aborted === true)
    await until(() => gateway.answered.length > 0)
    expect(gateway.answered).toEqual(['Infer CANCELLED'])
  })

  it('tells the handler when the deadline of the call is past', async () => {
    let signal: AbortSignal | undefined
    const gateway = await open({ handler: { infer: hanging(given => (signal = given)) } })
    const { failure } = await called(reply =>
      gateway.client().infer(request, new Metadata(), { deadline: Date.now() + 1000 }, reply),
    )
    expect(failure?.code).toBe(status.DEADLINE_EXCEEDED)
    await until(() => signal?.aborted === true)
  })

  it('refuses a call beyond its room, with the time to come again', async () => {
    const gateway = await open({
      enter() {
        throw new GatewayError('Overloaded', 'full', { retryAfterMs: 2500 })
      },
    })
    const { failure } = await called(reply => gateway.client().infer(request, reply))
    expect(readFailure(failure!, errorMessages)).toMatchObject({ status: 'UNAVAILABLE', retryAfterMs: 2500 })
  })

  it('lets its room go after success and after failure', async () => {
    let inside = 0
    let turn = 0
    const gateway = await open({
      enter() {
        inside += 1
        return () => (inside -= 1)
      },
      handler: {
        async infer() {
          turn += 1
          if (turn === 1) throw new Error('a bug')
          return finishedWith('fine')
        },
      },
    })
    const client = gateway.client()
    await called(reply => client.infer(request, reply))
    await called(reply => client.infer(request, reply))
    expect(turn).toBe(2)
    expect(inside).toBe(0)
  })
})

describe('an unexpected error in a call', () => {
  it('is INTERNAL without its text, is logged whole, and leaves the server serving', async () => {
    let fails = true
    const gateway = await open({
      handler: {
        async infer() {
          if (fails) throw new TypeError('secret of the house')
          return finishedWith('fine')
        },
      },
    })
    const client = gateway.client()
    const { failure } = await called(reply => client.infer(request, reply))
    expect(failure?.code).toBe(status.INTERNAL)
    expect(failure?.details).toBe('internal error')
    expect(gateway.lines.join()).toContain('secret of the house')
    fails = false
    expect((await called(reply => client.infer(request, reply))).value).toMatchObject({ output: { text: 'fine' } })
  })

  it.each([
    ['half of a surrogate pair', 'it says \ud83d'],
    ['a text longer than headers may be', 'ü'.repeat(100_000)],
  ])('does not come from %s in an error', async (_what, text) => {
    const gateway = await open({
      handler: {
        async infer() {
          throw invalidField('content', text)
        },
      },
    })
    const { failure } = await called(reply =>
      gateway.client().infer(request, new Metadata(), { deadline: Date.now() + 3000 }, reply),
    )
    expect(readFailure(failure!, errorMessages)).toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: [{ field: 'content' }],
    })
  })
})

describe('InferStream', () => {
  it('does not take more than the transport holds from a client that does not read', async () => {
    const text = 'x'.repeat(64 * 1024)
    let emitted = 0
    let over = false
    const gateway = await open({
      handler: {
        async infer(_incoming, signal, emit) {
          while (!signal.aborted && emitted < 2000) {
            await emit?.({ kind: 'delta', model: 'small', text, optimistic: true })
            emitted += 1
          }
          over = true
          return finishedWith('end')
        },
      },
    })
    const stream = gateway.client().inferStream(request)
    stream.on('error', () => {})
    // A client of grpc-js that never read holds everything back itself, outside of flow control: it has to begin and
    // then stop.
    stream.once('data', () => stream.pause())
    await until(() => emitted > 0)
    const settledAt = await still(() => emitted)
    expect(settledAt).toBeLessThan(100)
    let received = 0
    stream.on('data', () => {
      received += 1
      if (received === settledAt + 50) stream.cancel()
    })
    stream.resume()
    await until(() => received >= settledAt + 50)
    await until(() => over)
    expect(emitted).toBeLessThan(2000)
  })

  it('tells the events in order and the answer last', async () => {
    const gateway = await open({ handler: { infer: telling } })
    const events: string[] = []
    const stream = gateway.client().inferStream(request)
    for await (const event of stream) events.push(event.event)
    expect(events).toEqual(['rungStarted', 'textDelta', 'final'])
  })

  it('ends in the status of its failure, after what was told before', async () => {
    const gateway = await open({
      handler: {
        async infer(_incoming, _signal, emit) {
          await emit?.({ kind: 'rung-started', model: 'small', tier: 'small' })
          throw new GatewayError('LadderFailed', 'every rung failed', { stage: 'cascade' })
        },
      },
    })
    const events: string[] = []
    const stream = gateway.client().inferStream(request)
    const failure = await new Promise<Parameters<typeof readFailure>[0]>(resolve => {
      stream.on('data', event => events.push(event.event))
      stream.once('error', resolve as (error: Error) => void)
    })
    expect(events).toEqual(['rungStarted'])
    expect(readFailure(failure, errorMessages)).toMatchObject({ status: 'UNAVAILABLE', metadata: { stage: 'cascade' } })
  })
})

describe('the transport', () => {
  it('refuses a message over its limit, and a small one that unpacks to such', async () => {
    const gateway = await open({ handler: { infer: telling }, messageBytes: 100_000 })
    const large = { ...request, content: [{ text: 'a'.repeat(200_000) }] }
    const plain = await called(reply => gateway.client().infer(large, reply))
    expect(plain.failure?.code).toBe(status.RESOURCE_EXHAUSTED)
    const gzip = gateway.client({ 'grpc.default_compression_algorithm': compressionAlgorithms.gzip })
    const packed = await called(reply => gzip.infer(large, reply))
    expect(packed.failure?.code).toBe(status.RESOURCE_EXHAUSTED)
    for (const { failure } of [plain, packed])
      expect(failure?.details).toMatch(/100000 bytes .*limits\.messageMegabytes/u)
    expect(plain.failure?.details).toMatch(/^the request has 200\d\d\d bytes/u)
    const fits = await called(reply => gzip.infer({ ...request, content: [{ text: 'a'.repeat(50_000) }] }, reply))
    expect(fits.value).toMatchObject({ output: { text: 'told' } })
  })

  it('says who has its address when it is taken', async () => {
    const gateway = await open({})
    const interceptor: ServerInterceptor = (_method, call) => new ServerInterceptingCall(call)
    await expect(
      openRpcServer({ address: gateway.address, messageBytes: 1000, interceptor }, {}, []),
    ).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('in use'),
    })
  })
})

describe('drain()', () => {
  it('lets a call under way finish, refuses new ones, and does not wait for a health watch', async () => {
    let finish: (() => void) | undefined
    const gateway = await open({
      handler: {
        infer: () =>
          new Promise(resolve => {
            finish = () => resolve(finishedWith('in time'))
          }),
      },
    })
    const watched = watchHealth(gateway.address)
    await until(() => watched.states.length > 0)
    const answer = called(reply => gateway.client().infer(request, reply))
    await until(() => finish !== undefined)
    const drained = gateway.drain(30_000)
    await until(() => watched.ended)
    const late = await called(reply =>
      gateway
        .client({ 'grpc.use_local_subchannel_pool': 1 })
        .infer(request, new Metadata(), { deadline: Date.now() + 2000 }, reply),
    )
    expect(late.failure?.code).toBe(status.UNAVAILABLE)
    finish?.()
    expect((await answer).value).toMatchObject({ output: { text: 'in time' } })
    const startedAt = Date.now()
    await drained
    expect(Date.now() - startedAt).toBeLessThan(2000)
    watched.close()
  })

  it('lets calls finish that take longer than the keepalive of their connection, and those that come as it begins', async () => {
    const finish: (() => void)[] = []
    const gateway = await open({
      keepaliveMs: 30,
      handler: {
        infer: () =>
          new Promise(resolve => {
            finish.push(() => resolve(finishedWith('in time')))
          }),
      },
    })
    const client = gateway.client()
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 5000, error => (error === undefined ? resolve() : reject(error)))
    })
    const answers = Array.from({ length: 50 }, () => called(reply => client.infer(request, reply)))
    const drained = gateway.drain(30_000)
    await until(() => finish.length === answers.length)
    // Several keepalives pass.
    await sleep(200)
    for (const one of finish) one()
    const ends = (await Promise.all(answers)).map(({ failure }) => failure?.details ?? 'answered')
    expect(new Set(ends)).toEqual(new Set(['answered']))
    await drained
  })
})

async function telling(_incoming: Incoming, _signal: AbortSignal, emit?: EmitEvent) {
  await emit?.({ kind: 'rung-started', model: 'small', tier: 'small' })
  await emit?.({ kind: 'delta', model: 'small', text: 'told', optimistic: false })
  return finishedWith('told')
}

/** An inference that ends only by its signal. */
function hanging(see: (signal: AbortSignal) => void) {
  return (_incoming: Incoming, signal: AbortSignal): Promise<never> => {
    see(signal)
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new GatewayError('Cancelled', 'the caller has left')))
    })
  }
}

async function until(met: () => boolean, withinMs = 5000): Promise<void> {
  const untilAt = Date.now() + withinMs
  while (!met()) {
    if (Date.now() > untilAt) throw new Error('it did not come to pass in time')
    await sleep(5)
  }
}

/** The value once it has not changed for a while. */
async function still(read: () => number): Promise<number> {
  for (let last = read(); ; last = read()) {
    await sleep(400)
    if (read() === last) return last
  }
}

interface HealthWatch {
  on(event: 'data', listener: (state: { status: string }) => void): void
  on(event: 'error' | 'end', listener: () => void): void
}

function watchHealth(address: string) {
  const health = loadPackageDefinition(loadSync(protoPath)) as unknown as {
    grpc: {
      health: { v1: { Health: new (...given: unknown[]) => { watch(asked: object): HealthWatch; close(): void } } }
    }
  }
  const client = new health.grpc.health.v1.Health(address, credentials.createInsecure())
  const watch = client.watch({ service: 'sluice.v1.Gateway' })
  const seen = { states: [] as string[], ended: false, close: () => client.close() }
  watch.on('data', state => seen.states.push(state.status))
  watch.on('error', () => (seen.ended = true))
  watch.on('end', () => (seen.ended = true))
  return seen
}
