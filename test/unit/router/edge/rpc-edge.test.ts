import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { GatewayError } from '#services/contract/errors'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import {
  called,
  finishedWith,
  openRpcGateway,
  type Inside,
  type RpcGateway,
} from '../../../support/gateways/rpc-gateway.ts'

const opened: RpcGateway[] = []
const sessions: ClientHttp2Session[] = []
const mebibyte = 1024 * 1024

async function open(inside: Inside = {}): Promise<RpcGateway> {
  const gateway = await openRpcGateway({ handler: { infer: async () => finishedWith('well') }, ...inside })
  opened.push(gateway)
  return gateway
}

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await Promise.all(opened.splice(0).map(gateway => gateway.stop()))
})

/** A client that speaks HTTP/2 and nothing above it, so that it can break every rule of gRPC. */
function rawClient({ address }: RpcGateway): ClientHttp2Session {
  // The limit of memory is that of the server alone.
  const session = connect(`http://${address}`, { maxSessionMemory: 1000 })
  session.on('error', () => {
    // A server that cuts us off is what some of these tests are for.
  })
  sessions.push(session)
  return session
}

interface Raw {
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: Buffer
  /** Leaves the request open, as a client that never finishes. */
  readonly unfinished?: boolean
}

/** Sends a request as it is; gives what came back: headers, trailers, and how the stream was reset. */
function send(session: ClientHttp2Session, { headers = {}, body = Buffer.alloc(0), unfinished = false }: Raw) {
  return new Promise<{ readonly answer: IncomingHttpHeaders; readonly reset: number; readonly bytes: number }>(
    resolve => {
      const seen = { answer: {} as IncomingHttpHeaders, bytes: 0 }
      const done = (reset: number): void => resolve({ ...seen, reset })
      const stream = session.request(
        {
          ':method': 'POST',
          ':path': '/sluice.v1.Gateway/Infer',
          'content-type': 'application/grpc',
          te: 'trailers',
          ...headers,
        },
        { endStream: false },
      )
      stream.on('response', found => (seen.answer = { ...seen.answer, ...found }))
      stream.on('trailers', found => (seen.answer = { ...seen.answer, ...found }))
      stream.on('data', (piece: Buffer) => (seen.bytes += piece.byteLength))
      stream.on('error', () => {
        // `close` follows and tells the code.
      })
      stream.on('end', () => {
        if (unfinished) stream.close(constants.NGHTTP2_CANCEL)
      })
      stream.on('close', () => done(stream.rstCode ?? 0))
      if (unfinished) stream.write(body)
      else stream.end(body)
    },
  )
}

/** A gRPC frame round bytes that need not be a message. */
function frame(bytes: Uint8Array, { compressed = false, length = bytes.byteLength } = {}): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(Number(compressed), 0)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, bytes])
}

/** A request for text of the given length: task GENERATE, one part. */
function inferMessage(text: string): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)])
  const bytes = Buffer.from(text)
  const part = Buffer.concat([Buffer.from([0x0a, ...varint(bytes.byteLength)]), bytes])
  return Buffer.concat([Buffer.from([0x08, 5, 0x12, ...varint(part.byteLength)]), part])
}

async function isWell(gateway: RpcGateway): Promise<void> {
  const request: InferRequest = { task: 'TASK_GENERATE', content: [{ text: 'still here' }] }
  const { value } = await called(reply => gateway.client({ 'grpc.use_local_subchannel_pool': 1 }).infer(request, reply))
  expect(value).toMatchObject({ output: { text: 'well' } })
}

/** What no client may ever be told: paths, stack traces, names of modules. */
const internals = /node_modules|\.ts\b|\.js\b|at \w+ \(|\/services\/|protobuf|TypeError|RangeError|undefined/u

describe('an unproven client', { timeout: 60_000 }, () => {
  const locked: Inside = {
    authenticate: async authorization => {
      if (authorization === 'Bearer right') return { tenant: 't', credentialId: 'c', scopes: ['infer'] }
      throw new GatewayError('Unauthenticated', 'the credential is not known')
    },
  }

  it('is refused by its headers alone: nothing of its message is waited for', async () => {
    const gateway = await open(locked)
    const { answer } = await send(rawClient(gateway), { unfinished: true })
    expect(answer['grpc-status']).toBe('16')
    expect(gateway.answered).toEqual(['Infer UNAUTHENTICATED'])
  })

  it('cannot make the port hold or parse what it sends, and does not slow those on its connection', async () => {
    const gateway = await open({ ...locked, messageBytes: 64 * mebibyte })
    const session = rawClient(gateway)
    const body = frame(Buffer.alloc(8 * mebibyte))
    const before = process.memoryUsage().rss
    for (let turn = 0; turn < 4; turn += 1) {
      const answers = await Promise.all([1, 2, 3, 4].map(() => send(session, { body })))
      expect(answers.map(({ answer }) => answer['grpc-status'])).toEqual(['16', '16', '16', '16'])
    }
    // 128 MiB were offered; what is held is what the sending side of this process has buffered.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * mebibyte)
    const proven = await send(session, {
      headers: { authorization: 'Bearer right' },
      body: frame(inferMessage('hello')),
    })
    expect(proven.answer['grpc-status']).toBe('0')
  })

  it('is still told by health whether the port serves', async () => {
    const gateway = await open(locked)
    const { answer } = await send(rawClient(gateway), {
      headers: { ':path': '/grpc.health.v1.Health/Check' },
      body: frame(Buffer.alloc(0)),
    })
    expect(answer['grpc-status']).toBe('0')
  })

  it('never reaches a handler, whatever the door throws', async () => {
    const gateway = await open({
      authenticate: async () => {
        throw new TypeError('a bug with a secret in it')
      },
    })
    const { answer } = await send(rawClient(gateway), { body: frame(inferMessage('x')) })
    expect(answer['grpc-status']).toBe('13')
    expect(decodeURIComponent(String(answer['grpc-message']))).toBe('internal error')
    expect(gateway.lines.join('')).toContain('an unexpected error in a call')
  })
})

describe('a broken message', { timeout: 60_000 }, () => {
  it('of any bytes is refused in plain words and leaves the port well', async () => {
    const gateway = await open()
    const session = rawClient(gateway)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, framed) => {
        const body = framed ? frame(bytes) : Buffer.from(bytes)
        const { answer } = await send(session, { body })
        expect(decodeURIComponent(String(answer['grpc-message'] ?? ''))).not.toMatch(internals)
      }),
      { numRuns: 150, interruptAfterTimeLimit: 20_000 },
    )
    await isWell(gateway)
    expect(gateway.lines.filter(line => line.includes('an unexpected error in a call'))).toEqual([])
  }, 60_000)

  it.each([
    ['stops in the middle of a field', inferMessage('cut short').subarray(0, -4)],
    ['has a wire type that does not exist', Buffer.from([0x0f, 1, 2, 3])],
    ['is text', Buffer.from('{"task":"TASK_GENERATE"}')],
    ['holds a group that never ends', Buffer.from([0x0b, 0x0b, 0x0b])],
  ])('that %s is the fault of its sender: INVALID_ARGUMENT, counted, and no handler sees it', async (_what, bytes) => {
    let handled = 0
    const gateway = await open({
      handler: {
        infer: async () => {
          handled += 1
          return finishedWith('well')
        },
      },
    })
    const session = rawClient(gateway)
    for (const path of ['/sluice.v1.Gateway/Infer', '/sluice.v1.Gateway/InferStream', '/sluice.v1.Gateway/Submit']) {
      const { answer, reset } = await send(session, { headers: { ':path': path }, body: frame(bytes) })
      expect(answer['grpc-status'], path).toBe('3')
      expect(decodeURIComponent(String(answer['grpc-message'])), path).not.toMatch(internals)
      expect(reset).toBe(0)
    }
    expect(gateway.answered).toEqual([
      'Infer INVALID_ARGUMENT',
      'InferStream INVALID_ARGUMENT',
      'Submit INVALID_ARGUMENT',
    ])
    expect(handled).toBe(0)
    await isWell(gateway)
  })

  it.each<[string, Raw, string]>([
    ['says it is longer than it may be', { body: frame(Buffer.alloc(10), { length: 0x7fffffff }) }, '8'],
    ['is over the limit', { body: frame(Buffer.alloc(1_000_001)) }, '8'],
    [
      'is compressed in a way that is unknown',
      { headers: { 'grpc-encoding': 'br' }, body: frame(Buffer.alloc(9), { compressed: true }) },
      '12',
    ],
    [
      'says it is compressed and is not',
      { headers: { 'grpc-encoding': 'gzip' }, body: frame(Buffer.alloc(9), { compressed: true }) },
      '13',
    ],
    ['has a time limit that is none', { headers: { 'grpc-timeout': 'soon' }, body: frame(inferMessage('x')) }, '3'],
    [
      'comes for a method that is none',
      { headers: { ':path': '/sluice.v1.Gateway/Nothing' }, body: frame(Buffer.alloc(0)) },
      '12',
    ],
    [
      'comes for a path that is none',
      { headers: { ':path': '/../../etc/passwd' }, body: frame(Buffer.alloc(0)) },
      '12',
    ],
  ])('that %s is refused', async (_what, raw, code) => {
    const gateway = await open()
    const { answer } = await send(rawClient(gateway), raw)
    expect(answer['grpc-status']).toBe(code)
    expect(decodeURIComponent(String(answer['grpc-message'] ?? ''))).not.toMatch(internals)
    await isWell(gateway)
  })

  it('that is a compressed bomb unfolds no further than the limit', async () => {
    const gateway = await open()
    const bomb = frame(gzipSync(Buffer.alloc(100 * mebibyte)), { compressed: true })
    expect(bomb.byteLength).toBeLessThan(mebibyte)
    const before = process.memoryUsage().rss
    const { answer } = await send(rawClient(gateway), { headers: { 'grpc-encoding': 'gzip' }, body: bomb })
    expect(answer['grpc-status']).toBe('8')
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * mebibyte)
    await isWell(gateway)
  }, 30_000)
})

describe('a hostile connection', { timeout: 60_000 }, () => {
  it('with huge or countless headers is cut off, and others are served', async () => {
    const gateway = await open()
    const huge = await send(rawClient(gateway), { headers: { 'x-huge': 'h'.repeat(200_000) } })
    expect(huge.answer['grpc-status'] ?? 'cut').not.toBe('0')
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_none, index) => [`x-${index}`, 'v']))
    const countless = await send(rawClient(gateway), { headers: many, body: frame(inferMessage('x')) })
    expect(countless.answer['grpc-status'] ?? 'cut').not.toBe('0')
    await isWell(gateway)
  })

  it('that is not HTTP/2 is closed', async () => {
    const gateway = await open()
    const [host, port] = gateway.address.split(':')
    const socket = connectSocket({ host: host ?? '', port: Number(port) })
    const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
    socket.on('error', () => {
      // A reset is a way of closing.
    })
    socket.resume()
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${'x'.repeat(10_000)}`)
    await closed
    expect(socket.destroyed).toBe(true)
    await isWell(gateway)
  })

  it('opens no more streams at once than it may, and those that never send hold nobody up', async () => {
    const gateway = await open()
    const session = rawClient(gateway)
    await new Promise(resolve => session.once('remoteSettings', resolve))
    const most = session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
    expect(most).toBeLessThanOrEqual(1000)
    for (let at = 0; at < most; at += 1) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/sluice.v1.Gateway/Infer',
        'content-type': 'application/grpc',
      })
      stream.on('error', () => {
        // They are all cut off in the end.
      })
    }
    await sleep(200)
    await isWell(gateway)
  })

  it('that opens and resets streams as fast as it can takes nothing from others', async () => {
    const gateway = await open()
    const session = rawClient(gateway)
    for (let turn = 0; turn < 3000 && !session.destroyed; turn += 1) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/sluice.v1.Gateway/Infer',
        'content-type': 'application/grpc',
      })
      stream.on('error', () => {
        // Reset by us.
      })
      stream.close(constants.NGHTTP2_CANCEL)
      if (turn % 100 === 0) await sleep(0)
    }
    await isWell(gateway)
    expect(gateway.lines.filter(line => line.includes('a bug'))).toEqual([])
  })
})
