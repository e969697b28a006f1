import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '#services/backends/remote/exchange/exchange'

const dispatcher = new Agent()
let server: Server
let origin: string
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await dispatcher.destroy()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

const ask = (signal = new AbortController().signal) =>
  exchange(dispatcher, { origin, path: '/', method: 'POST', body: '{}' }, signal)

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.byteLength
  return bytes
}

describe('exchange()', () => {
  it('gives the head and then the body as it comes', async () => {
    answer = (_request, response) => {
      response.writeProcessing()
      response.writeHead(201, { 'x-kind': 'slow' }).write('one ')
      setImmediate(() => response.end('two'))
    }
    const { status, headers, body } = await ask()
    expect([status, headers['x-kind']]).toEqual([201, 'slow'])
    let text = ''
    for await (const chunk of body) text += Buffer.from(chunk).toString()
    expect(text).toBe('one two')
  })

  it('holds a server back whose answer nobody reads, and loses nothing of it', async () => {
    const size = 64 * 1024 * 1024
    let written = 0
    answer = (_request, response) => {
      const piece = Buffer.alloc(65_536)
      const write = (): void => {
        while (written < size) {
          written += piece.length
          if (!response.write(piece)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    }
    const { body } = await ask()
    // What the system's buffers of both sides take is not much; the server waits for its drain until it is read.
    let before = -1
    while (before !== written) {
      before = written
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    expect(written).toBeLessThan(size / 2)
    expect(await bytesOf(body)).toBe(size)
  })

  it('breaks the connection off when the loop ends early, and when the signal is aborted', async () => {
    const closed: Promise<unknown>[] = []
    answer = (_request, response) => {
      closed.push(once(response, 'close'))
      response.write('first')
    }
    const early = await ask()
    for await (const chunk of early.body) {
      expect(Buffer.from(chunk).toString()).toBe('first')
      break
    }
    const controller = new AbortController()
    const late = await ask(controller.signal)
    const reading = bytesOf(late.body)
    controller.abort(new Error('the caller left'))
    await expect(reading).rejects.toThrow('the caller left')
    await Promise.all(closed)
    expect(closed).toHaveLength(2)
  })

  it('fails at once where the signal was aborted before, or is before an answer', async () => {
    const aborted = AbortSignal.abort(new Error('too late'))
    await expect(ask(aborted)).rejects.toThrow('too late')
    const controller = new AbortController()
    answer = () => controller.abort(new Error('gone'))
    await expect(ask(controller.signal)).rejects.toThrow('gone')
  })

  it('says of a broken connection what had come before', async () => {
    answer = (_request, response) => {
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    }
    const { body } = await ask()
    const iterator = body[Symbol.asyncIterator]()
    expect(Buffer.from((await iterator.next()).value as Uint8Array).toString()).toBe('half')
    await expect(iterator.next()).rejects.toThrow(/closed|terminated|socket/iu)
  })
})
