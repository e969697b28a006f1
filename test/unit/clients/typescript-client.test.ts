import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  CancelledError,
  createSluiceClient,
  DeadlineExceededError,
  InvalidRequestError,
  ResourceExhaustedError,
  SluiceError,
  UnauthenticatedError,
  UnavailableError,
  type ClientOptions,
  type InferRequest,
  type SluiceClient,
} from '../../../clients/typescript/src/main.ts'
import { GatewayError, invalidField } from '#services/contract/errors'
import { createRotatingCredentials } from '#services/router/edge/grpc/tls/rotating-credentials'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Incoming } from '#services/router/request/states'
import { createAuthority } from '../../support/deploy/certificates.ts'
import { startForwarder } from '../../support/faults/forwarder.ts'
import { finishedWith, openRpcGateway, type Inside, type RpcGateway } from '../../support/gateways/rpc-gateway.ts'

const request: InferRequest = { task: 'TASK_GENERATE', content: [{ text: 'hello' }] }
const quick = { attempts: 4, firstDelayMs: 5, mostDelayMs: 20 }

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function open(inside: Inside): Promise<RpcGateway> {
  const gateway = await openRpcGateway(inside)
  ends.push(() => gateway.stop())
  return gateway
}

function connect(address: string, options: ClientOptions = {}): SluiceClient {
  const client = createSluiceClient({ address, retry: quick, ...options })
  ends.push(() => client.close())
  return client
}

type Infer = RequestHandler['infer']

/** One gateway for most tests; it ends a second after it is asked to. */
let shared: RpcGateway
let inferring: Infer
beforeAll(async () => {
  shared = await openRpcGateway({
    messageBytes: 32 * 1024 * 1024,
    handler: { infer: (...given) => inferring(...given) },
  })
})
afterAll(() => shared.stop())

/** Makes this the `infer` of the shared gateway, and gives a client of it. */
function serve(infer: Infer): SluiceClient {
  inferring = infer
  return connect(shared.address)
}

async function failureOf(call: Promise<unknown>): Promise<SluiceError> {
  try {
    await call
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('the call succeeded, although it must fail')
}

const overloaded = (retryAfterMs?: number): GatewayError =>
  new GatewayError('Overloaded', 'the queue is full', retryAfterMs === undefined ? {} : { retryAfterMs })

describe('retries', () => {
  it('repeats what is UNAVAILABLE under one idempotency key, within the time of the first call', async () => {
    const seen: Incoming[] = []
    const client = serve(async incoming => {
      seen.push(incoming)
      if (seen.length < 3) throw overloaded(1)
      return finishedWith('at last')
    })
    const answer = await client.infer(request, { deadlineMs: 20_000 })
    expect(answer.output?.text).toBe('at last')
    expect(new Set(seen.map(one => one.request.idempotencyKey)).size).toBe(1)
    expect(seen.map(one => one.request.idempotencyKey)).not.toContain(undefined)
    expect(seen.map(one => one.request.constraints.deadlineMs)).toEqual([20_000, 20_000, 20_000])
    const first = seen[0]?.callDeadlineAt ?? 0
    expect(seen.every(one => Math.abs((one.callDeadlineAt ?? 0) - first) < 1000)).toBe(true)
  })

  it('leaves the key and the deadline of a request as they are', async () => {
    const seen: Incoming[] = []
    const client = serve(async incoming => {
      seen.push(incoming)
      return finishedWith('well')
    })
    await client.infer({ ...request, idempotencyKey: 'mine', constraints: { deadline: { seconds: 5 } } })
    await client.infer(request, { retry: false })
    expect(seen.map(one => one.request.idempotencyKey)).toEqual(['mine', undefined])
    expect(seen.map(one => one.request.constraints.deadlineMs)).toEqual([5000, undefined])
  })

  it('waits as long as the gateway says', async () => {
    const at: number[] = []
    const client = serve(async () => {
      at.push(performance.now())
      if (at.length === 1) throw new GatewayError('RateLimited', 'too many', { retryAfterMs: 400 })
      return finishedWith('well')
    })
    await client.infer(request)
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(399)
  })

  it('does not wait longer than the caller does', async () => {
    let asked = 0
    const client = serve(async () => {
      asked += 1
      throw new GatewayError('BudgetExceeded', 'the day is spent', {
        retryAfterMs: 3_600_000,
        quota: { subject: 'tenant:acme:day', description: 'spent' },
      })
    })
    const error = await failureOf(client.infer(request, { deadlineMs: 20_000 }))
    expect(asked).toBe(1)
    expect(error).toBeInstanceOf(ResourceExhaustedError)
    expect(error.quotas).toEqual([{ subject: 'tenant:acme:day', description: 'spent' }])
    expect(error.retryAfterMs).toBe(3_600_000)
  })

  it('gives up after its attempts, and at once with retry: false', async () => {
    let asked = 0
    const client = serve(async () => {
      asked += 1
      throw overloaded(1)
    })
    expect(await failureOf(client.infer(request))).toBeInstanceOf(UnavailableError)
    expect(asked).toBe(4)
    await failureOf(client.infer(request, { retry: false }))
    expect(asked).toBe(5)
  })

  it.each([
    ['InvalidRequest', 'INVALID_ARGUMENT'],
    ['AlreadyExists', 'ALREADY_EXISTS'],
    ['Deadline', 'DEADLINE_EXCEEDED'],
    ['NoModel', 'FAILED_PRECONDITION'],
    ['PermissionDenied', 'PERMISSION_DENIED'],
    ['TooLarge', 'RESOURCE_EXHAUSTED'],
    ['Config', 'INTERNAL'],
  ] as const)('never repeats %s', async (code, status) => {
    let asked = 0
    const client = serve(async () => {
      asked += 1
      throw new GatewayError(code, 'no')
    })
    expect((await failureOf(client.infer(request))).status).toBe(status)
    expect(asked).toBe(1)
  })

  it('repeats a call whose connection was cut only where that is not paid twice', async () => {
    const keys: (string | undefined)[] = []
    serve(async incoming => {
      keys.push(incoming.request.idempotencyKey)
      if (keys.length % 2 === 0) return finishedWith('well')
      forwarder.reset()
      await sleep(60_000, undefined, { ref: false })
      return finishedWith('too late')
    })
    const forwarder = await startForwarder(shared.address)
    ends.push(() => forwarder.close())
    const client = connect(forwarder.address)
    expect((await client.infer(request)).output?.text).toBe('well')
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(keys[1])

    // A stream has no key of the client's own, so nobody knows what became of it.
    const cut = failureOf(client.inferStream(request).next())
    expect(await cut).toBeInstanceOf(UnavailableError)
    expect(keys).toHaveLength(3)
    keys.length = 0
    const keyed = client.inferStream({ ...request, idempotencyKey: 'mine' })
    const kinds: (string | undefined)[] = []
    for await (const { event } of keyed) kinds.push(event)
    expect([kinds, keys]).toEqual([['final'], ['mine', 'mine']])
  })

  it('reaches a gateway that starts late', async () => {
    const placeholder = createServer()
    await new Promise<void>(resolve => placeholder.listen(0, '127.0.0.1', resolve))
    const { port } = placeholder.address() as AddressInfo
    await new Promise(resolve => placeholder.close(resolve))
    const client = connect(`127.0.0.1:${port}`, { retry: false })
    const refused = await failureOf(client.infer(request, { deadlineMs: 5000 }))
    expect(refused).toBeInstanceOf(UnavailableError)
    expect(refused.retryAfterMs).toBeUndefined()
    expect(await failureOf(client.waitForReady(200))).toBeInstanceOf(UnavailableError)
  })
})

describe('errors', () => {
  it('has a class for each status, and the details of the gateway', async () => {
    const client = serve(async () => {
      throw invalidField('content[0].text', 'expected a text')
    })
    const error = await failureOf(client.infer(request))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error).toMatchObject({
      name: 'InvalidRequestError',
      message: 'content[0].text: expected a text',
      status: 'INVALID_ARGUMENT',
      fields: [{ field: 'content[0].text', description: 'expected a text' }],
      quotas: [],
      retryAfterMs: undefined,
    })
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('says at which stage the time was over', async () => {
    const client = serve(async () => {
      throw new GatewayError('Deadline', 'too late', { reason: 'DEADLINE_AT_ADMIT', stage: 'admit' })
    })
    const error = await failureOf(client.infer(request))
    expect(error).toBeInstanceOf(DeadlineExceededError)
    expect([error.reason, error.metadata]).toEqual(['DEADLINE_AT_ADMIT', { stage: 'admit' }])
  })

  it('keeps deadlines, and refuses those that are none', async () => {
    const client = serve(() => new Promise(() => {}))
    expect(await failureOf(client.infer(request, { deadlineMs: 150 }))).toBeInstanceOf(DeadlineExceededError)
    await expect(client.infer(request, { deadlineMs: 0 })).rejects.toThrow(RangeError)
    await expect(client.infer(request, { deadlineMs: Number.NaN })).rejects.toThrow(RangeError)
    await expect(client.infer(request, { deadlineMs: 1e12 })).rejects.toThrow(RangeError)
  })
})

describe('streams', () => {
  /** Reports one piece, then waits until its caller has left. */
  const endless = () => {
    let hasLeft = (): void => {}
    const left = new Promise<void>(resolve => (hasLeft = resolve))
    const infer: Infer = async (_incoming, signal, emit) => {
      await emit?.({ kind: 'delta', model: 'm', text: 'piece', optimistic: false })
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      hasLeft()
      throw new GatewayError('Cancelled', 'the caller left')
    }
    return { infer, left }
  }

  it('cancels the call when the loop is left', async () => {
    const { infer, left } = endless()
    const client = serve(infer)
    for await (const { textDelta } of client.inferStream(request)) {
      expect(textDelta?.text).toBe('piece')
      break
    }
    await left
  })

  it('cancels the call by return(), also while an event is waited for', async () => {
    const { infer, left } = endless()
    const client = serve(infer)
    const events = client.inferStream(request)
    await events.next()
    const waiting = events.next()
    expect(await events.return?.()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    await left
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('cancels the call by a signal, whose owner is told', async () => {
    const { infer, left } = endless()
    const client = serve(infer)
    const leaving = new AbortController()
    const events = client.inferStream(request, { signal: leaving.signal })
    await events.next()
    leaving.abort()
    expect(await failureOf(events.next())).toBeInstanceOf(CancelledError)
    await left
    expect(await failureOf(client.infer(request, { signal: leaving.signal }))).toBeInstanceOf(CancelledError)
  })

  it('asks nothing before the first event is asked for', async () => {
    let asked = 0
    const client = serve(async () => {
      asked += 1
      return finishedWith('well')
    })
    await client.inferStream(request).return?.()
    await client.infer(request)
    expect(asked).toBe(1)
  })

  it('is not begun again once an event was told', async () => {
    let asked = 0
    const client = serve(async (_incoming, _signal, emit) => {
      asked += 1
      await emit?.({ kind: 'delta', model: 'm', text: 'piece', optimistic: false })
      throw overloaded(1)
    })
    const events = client.inferStream({ ...request, idempotencyKey: 'mine' })
    await events.next()
    expect(await failureOf(events.next())).toBeInstanceOf(UnavailableError)
    expect(asked).toBe(1)
  })
})

describe('who and where', () => {
  it('calls every address of a name in turn', async () => {
    const asked = [0, 0]
    const gateways = await Promise.all(
      asked.map((_, index) =>
        open({
          handler: {
            infer: async () => {
              asked[index] = (asked[index] ?? 0) + 1
              return finishedWith('well')
            },
          },
        }),
      ),
    )
    const client = connect(`ipv4:${gateways.map(({ address }) => address).join(',')}`)
    // The first calls can go to the address that was connected first.
    const deadline = Date.now() + 20_000
    while (Math.min(...asked) < 5 && Date.now() < deadline) await client.infer(request)
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...asked)).toBeLessThan(Math.min(...asked) * 2 + 50)
  })

  it('goes on at the others when one is gone', async () => {
    const [first, second] = await Promise.all(
      ['first', 'second'].map(text => open({ handler: { infer: async () => finishedWith(text) } })),
    )
    const client = connect(`ipv4:${first?.address},${second?.address}`)
    await client.infer(request)
    await first?.stop()
    const texts = []
    for (let call = 0; call < 10; call += 1) texts.push((await client.infer(request)).output?.text)
    expect(texts.slice(-5)).toEqual(Array.from({ length: 5 }, () => 'second'))
  })

  it('carries a key, or asks for one before each call', async () => {
    const seen: (string | undefined)[] = []
    const gateway = await open({
      handler: { infer: async () => finishedWith('well') },
      authenticate: async authorization => {
        seen.push(authorization)
        if (authorization !== 'Bearer right' && authorization !== 'Bearer token-1')
          throw new GatewayError('Unauthenticated', 'no such key')
        return { tenant: 'acme', credentialId: 'k', scopes: ['infer'] }
      },
    })
    await connect(gateway.address, { apiKey: 'right' }).infer(request)
    let issued = 0
    const renewing = connect(gateway.address, {
      apiKey: async () => {
        issued += 1
        return `token-${issued}`
      },
    })
    await renewing.infer(request)
    expect(await failureOf(renewing.infer(request))).toBeInstanceOf(UnauthenticatedError)
    expect(seen).toEqual(['Bearer right', 'Bearer token-1', 'Bearer token-2'])
    expect(await failureOf(connect(gateway.address).infer(request))).toBeInstanceOf(UnauthenticatedError)
  })

  it('speaks TLS and mutual TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-client-tls-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    const authority = createAuthority('of the test')
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const own = authority.issue('gateway')
    const rotating = await createRotatingCredentials(
      {
        files: {
          certificate: put('cert.pem', own.certificate),
          key: put('key.pem', own.key),
          clientAuthorities: put('clients.pem', authority.certificate),
        },
        reloadMs: 60_000,
      },
      pino({ level: 'silent' }),
    )
    ends.push(() => rotating.stop())
    const gateway = await open({
      handler: { infer: async () => finishedWith('over TLS') },
      credentials: rotating.credentials,
    })
    const { certificate, key } = authority.issue('a client')
    const ca = authority.certificate
    const mutual = connect(gateway.address, { tls: { ca, certificate, key } })
    expect((await mutual.infer(request)).output?.text).toBe('over TLS')
    const named = connect(gateway.address, { tls: { ca, certificate, key, serverName: 'gateway' } })
    expect((await named.infer(request)).output?.text).toBe('over TLS')
    const refused: Omit<ClientOptions, 'address'>[] = [
      {},
      { tls: true },
      { tls: { ca } },
      { tls: { ca, certificate, key, serverName: 'somebody-else' } },
    ]
    for (const options of refused) {
      const stranger = connect(gateway.address, { ...options, retry: false })
      expect((await failureOf(stranger.infer(request, { deadlineMs: 3000 }))).status).toMatch(
        /^(?:UNAVAILABLE|DEADLINE_EXCEEDED)$/u,
      )
    }
  })

  it('takes answers of 16 MiB, and says when a message is larger than it takes', async () => {
    const text = 'x'.repeat(16 * 1024 * 1024)
    expect((await serve(async () => finishedWith(text)).infer(request)).output?.text).toHaveLength(text.length)
    const small = connect(shared.address, { mostMessageBytes: 1024 * 1024 })
    expect(await failureOf(small.infer(request))).toBeInstanceOf(ResourceExhaustedError)
  })
})
