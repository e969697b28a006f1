import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { RunControl } from '#services/backends/backend'
import { createGathered, gather } from '#services/backends/remote/wire/gathered'
import type { Work } from '#services/backends/work'
import type { BackendDependencies } from '#services/backends/backend-dependencies'
import { createServed } from '#services/backends/remote/served'
import { runTranscription } from '#services/backends/remote/whole'

describe('gather()', () => {
  it('takes as many log-probabilities as one event of a stream can hold', () => {
    const gathered = createGathered()
    gather(gathered, { text: 'a', logprobs: [-1] }, 0)
    gather(gathered, { text: 'b', logprobs: Array.from({ length: 300_000 }, () => -0.5) }, 1)
    expect([gathered.text, gathered.logprobs.length, gathered.logprobs.at(-1)]).toEqual(['ab', 300_001, -0.5])
  })
})

describe('runTranscription()', () => {
  it('takes a transcript of any number of segments', async () => {
    const segments = `{"no_speech_prob":0.5},${'{},'.repeat(200_000)}{}`
    const server = createServer((request, response) => {
      request.resume()
      response.end(`{"text":"so","segments":[${segments}]}`)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const spec = { baseUrl, model: 'm', connectTimeoutMs: 1000, firstByteTimeoutMs: 5000, betweenChunksTimeoutMs: 5000 }
    const served = createServed(spec, {}, { clock: { now: Date.now } } as BackendDependencies)
    const audio = { kind: 'audio', bytes: new Uint8Array(32), mediaType: 'audio/wav' } as const
    const work = { legId: 'a.0', options: {}, recipe: {}, parts: [audio], deadlineAt: Date.now() + 20_000 }
    const control = { signal: () => new AbortController().signal } as unknown as RunControl
    const parts = {
      served,
      space: '',
      verbose: true,
      asksBase64: true,
      now: Date.now,
      odd: () => {},
      logger: pino({ level: 'silent' }),
    }
    const outcome = await runTranscription(work as unknown as Work, control, parts)
    expect(outcome).toMatchObject({ kind: 'done', result: { signals: { no_speech: 0.5 } } })
    await served.close()
    server.close()
  })
})
