import { readFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { pino } from 'pino'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#services/contract/clock'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { createEngine } from '#services/worker/engine/engine'
import type { LoadedPart, Outcome, Work } from '#services/backends/work'
import type { Engine, RunHooks } from '#services/worker/states'
import type { WhisperSpec } from '#services/backends/whisper/whisper'
import { decodeWav } from '#services/media/decode-wav'
import { buildWorker } from '../../support/worker/built-worker.ts'
import { missingPacks, packPath } from '../../support/model-packs.ts'
import { wavFile } from '../../support/wav-file.ts'

const fixture = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(new URL(`../../fixtures/${name}`, import.meta.url)))
const audio = (bytes: Uint8Array): LoadedPart => ({ kind: 'audio', bytes, mediaType: 'audio/wav' })
const image = (bytes: Uint8Array): LoadedPart => ({ kind: 'image', bytes, mediaType: 'image/png' })

function work(model: string, part: LoadedPart, changed: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model,
    recipe: {},
    task: part.kind === 'audio' ? 'transcribe' : 'ocr',
    options: {},
    parts: [part],
    deadlineAt: Date.now() + 60_000,
    streaming: false,
    ...changed,
  }
}

const patient: RunHooks = { signal: () => new AbortController().signal, onDelta: async () => undefined }

function textOf(outcome: Outcome | undefined): string {
  if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'text')
    throw new Error(`no text but ${JSON.stringify(outcome)}`)
  return outcome.result.output.text
}

const digits = (text: string): string => text.replace(/\D/g, '')

const logged: string[] = []
const logger = pino(
  { level: 'info' },
  new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
)
const dependencies = { packPath, logger, clock: systemClock }
const onCpu = { executionProviders: ['cpu'], threads: 2 }

const whisperMissing = missingPacks(['whisper-tiny'])
describe.skipIf(whisperMissing !== undefined)(
  `engine with Whisper tiny${whisperMissing === undefined ? '' : ` (${whisperMissing})`}`,
  () => {
    let engine: Engine
    beforeAll(async () => {
      buildWorker()
      const backend: WhisperSpec = { kind: 'whisper', pack: 'whisper-tiny', audioSeconds: 90 }
      engine = await createEngine({ models: [{ name: 'tiny', backend, ...onCpu }] }, dependencies)
    }, 60_000)
    afterAll(() => engine.close())

    test('transcribes spoken digits with usage and finite signs', async () => {
      const atWork: number[] = []
      const hooks: RunHooks = { ...patient, ran: (from, to) => atWork.push(from, to) }
      const [outcome] = await engine.run([work('tiny', audio(await fixture('audio/spoken-426217.wav')))], hooks)
      const [from = 0, to = 0] = atWork
      expect(to).toBeGreaterThan(from)
      expect(digits(textOf(outcome))).toBe('426217')
      if (outcome?.kind !== 'done') throw new Error('unreachable')
      const { rawConfidence, signals, usage } = outcome.result
      expect(rawConfidence).toBeGreaterThan(0.3)
      expect(Object.values(signals).every(value => Number.isFinite(value))).toBe(true)
      expect(signals).toMatchObject({ looped: 0, unfinished: 0, windows: 1 })
      expect(usage.audioMs).toBeGreaterThan(2000)
      expect(usage.computeMs).toBeGreaterThan(0)
      expect(usage.outputTokens).toBeGreaterThan(6)
    })

    test('tells the times of words and segments where they are asked for', async () => {
      const digitsWav = await fixture('audio/spoken-426217.wav')
      const { samples, sampleRate } = decodeWav(digitsWav, 60)
      // The same twice, with 32 s of silence between: two windows.
      const pause = 32
      const joined = new Float32Array(2 * samples.length + pause * sampleRate)
      joined.set(samples)
      joined.set(samples, samples.length + pause * sampleRate)
      const secondMs = (samples.length / sampleRate + pause) * 1000
      const order = { options: { language: 'en', timestamps: 'word' as const } }
      const [outcome] = await engine.run(
        [work('tiny', audio(wavFile(joined, { sampleRate, channels: 1, bits: 16 })), order)],
        patient,
      )
      if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'text') throw new Error('not transcribed')
      const { segments = [] } = outcome.result.output
      const words = segments.flatMap(segment => segment.words ?? [])
      const starts = words.map(word => word.startMs)
      expect(starts).toEqual(starts.toSorted((one, other) => one - other))
      expect(starts[0]).toBeLessThan(1000)
      expect(words.filter(word => word.startMs > secondMs - 500).length).toBeGreaterThan(3)
      expect(words.filter(word => word.endMs > secondMs - 500 !== word.startMs > secondMs - 500)).toEqual([])
      expect(segments.map(segment => segment.text).join(' ')).toBe(outcome.result.output.text)
    })

    test('cuts a loop early and says so', async () => {
      const [outcome] = await engine.run(
        [work('tiny', audio(await fixture('audio/spoken-3592.wav')), { options: { language: 'en' } })],
        patient,
      )
      if (outcome?.kind !== 'done') throw new Error(`not done: ${JSON.stringify(outcome)}`)
      expect(outcome.result.signals['looped']).toBe(1)
      expect(outcome.result.rawConfidence).toBeLessThan(0.1)
      expect(outcome.result.usage.outputTokens).toBeLessThan(80)
    })

    test('streams the text in pieces, in order, all before the end', async () => {
      const pieces: string[] = []
      const part = audio(await fixture('audio/spoken-426217.wav'))
      const [outcome] = await engine.run([work('tiny', part, { streaming: true })], {
        ...patient,
        onDelta: async (_, text) => {
          await new Promise(resolve => setTimeout(resolve, 2))
          pieces.push(text)
        },
      })
      expect(pieces.length).toBeGreaterThan(3)
      expect(pieces.join('').trim()).toBe(textOf(outcome))
    })

    test('keeps the main loop free while it computes', async () => {
      const bytes = await fixture('audio/spoken-426217.wav').then(part => Uint8Array.from(part))
      let longestMs = 0
      let before = performance.now()
      const startedAt = before
      const pulse = setInterval(() => {
        longestMs = Math.max(longestMs, performance.now() - before)
        before = performance.now()
      }, 5)
      await engine.run([work('tiny', audio(bytes))], patient)
      clearInterval(pulse)
      expect(longestMs).toBeLessThan(Math.max(150, (performance.now() - startedAt) / 3))
    })

    test('stops within one step of a cancel', async () => {
      const stop = new AbortController()
      const steps: number[] = []
      let stoppedAt = 0
      const part = audio(await fixture('audio/spoken-3592.wav'))
      const hooks: RunHooks = {
        signal: () => stop.signal,
        onDelta: async () => {
          steps.push(performance.now())
          if (steps.length === 3) {
            stop.abort()
            stoppedAt = performance.now()
          }
        },
      }
      const [outcome] = await engine.run([work('tiny', part, { streaming: true, options: { language: 'en' } })], hooks)
      const lateMs = performance.now() - stoppedAt
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'cancelled' })
      expect(outcome?.kind === 'failed' && outcome.usage.computeMs).toBeGreaterThan(0)
      // A step of tiny takes about 10 ms; the rest of this clip's loop would take twenty of them.
      expect(steps.length).toBeLessThan(8)
      const stepMs = ((steps[2] ?? 0) - (steps[0] ?? 0)) / 2
      expect(lateMs).toBeLessThan(100 + 10 * stepMs)
    })

    test('gives up at the next step after the deadline, and at once before its turn', async () => {
      const part = audio(await fixture('audio/spoken-426217.wav'))
      const late = work('tiny', part, { deadlineAt: Date.now() + 100 })
      const [first] = await engine.run([late], patient)
      expect(first).toMatchObject({ kind: 'failed', reason: 'expired' })

      const long = engine.run([work('tiny', audio(await fixture('audio/spoken-426217.wav')))], patient)
      const startedAt = performance.now()
      const soon = AbortSignal.timeout(20)
      const hooks = { ...patient, signal: () => soon }
      const [second] = await engine.run([work('tiny', audio(await fixture('audio/spoken-426217.wav')))], hooks)
      expect(second).toMatchObject({ kind: 'failed', reason: 'cancelled' })
      const elapsedMs = performance.now() - startedAt
      expect(textOf((await long)[0])).not.toBe('')
      // It would have its turn behind the whole of the other.
      expect(elapsedMs).toBeLessThan(Math.max(150, (performance.now() - startedAt) / 2))
    })

    test.each<[string, LoadedPart, RegExp]>([
      [
        'a truncated WAV',
        audio(wavFile(new Float32Array(16_000), { sampleRate: 16_000, channels: 1, bits: 16 }).slice(0, 9000)),
        /cut short/,
      ],
      ['text', audio(new TextEncoder().encode('{"not":"audio"}')), /not a WAV/],
      [
        'audio over the limit',
        audio(wavFile(new Float32Array(91 * 8000), { sampleRate: 8000, channels: 1, bits: 8 })),
        /longer than 90 s/,
      ],
      ['an image', image(new Uint8Array(10)), /exactly one audio/],
    ])('takes %s for bad input and goes on', async (_, part, message) => {
      const [outcome] = await engine.run([work('tiny', part)], patient)
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'bad-input' })
      expect(outcome?.kind === 'failed' && outcome.message).toMatch(message)
    })

    test('refuses a language that Whisper does not know', async () => {
      const [outcome] = await engine.run(
        [work('tiny', audio(await fixture('audio/spoken-3592.wav')), { options: { language: 'xx' } })],
        patient,
      )
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'bad-input' })
    })

    test('hears nothing in silence', async () => {
      const silence = audio(wavFile(new Float32Array(16_000), { sampleRate: 16_000, channels: 1, bits: 16 }))
      const [outcome] = await engine.run([work('tiny', silence)], patient)
      if (outcome?.kind !== 'done') throw new Error('not done')
      expect(outcome.result.rawConfidence).toBeLessThan(0.3)
    })

    test('transcribes a clip of more than one window', async () => {
      const clip = await fixture('audio/spoken-426217.wav')
      const speech = Buffer.from(clip.buffer, clip.byteOffset + 44)
      const gap = Buffer.alloc(8000 * 2)
      const rounds = Math.ceil((40 * 16_000) / (speech.length + gap.length))
      const data = Buffer.concat(Array.from({ length: rounds }, () => [speech, gap]).flat())
      const samples = Float32Array.from({ length: data.length / 2 }, (_, index) => data.readInt16LE(index * 2) / 32768)
      const [outcome] = await engine.run(
        [work('tiny', audio(wavFile(samples, { sampleRate: 8000, channels: 1, bits: 16 })))],
        patient,
      )
      if (outcome?.kind !== 'done') throw new Error('not done')
      expect(outcome.result.signals['windows']).toBe(2)
      expect(outcome.result.usage.audioMs).toBeGreaterThan(40_000)
      expect(digits(textOf(outcome))).toContain('426217')
    }, 20_000)

    test('answers a leg of an unknown model with a failure', async () => {
      const [outcome] = await engine.run([work('other', audio(new Uint8Array(1)))], patient)
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'bug' })
    })
  },
)

const ocrMissing = missingPacks(['ppocr-v4', 'ppocr-v6-det'])
describe.skipIf(ocrMissing !== undefined)(
  `engine with PP-OCR${ocrMissing === undefined ? '' : ` (${ocrMissing})`}`,
  () => {
    let engine: Engine
    beforeAll(async () => {
      buildWorker()
      const fast = { kind: 'ocr', pack: 'ppocr-v4', longestSide: 736 } as const
      const large = {
        kind: 'ocr',
        pack: 'ppocr-v4',
        detectorPack: 'ppocr-v6-det',
        longestSide: 1536,
        multiScale: true,
      } as const
      const models = [
        { name: 'fast', backend: fast, ...onCpu },
        { name: 'large', backend: large, ...onCpu },
      ]
      engine = await createEngine({ models }, dependencies)
    }, 60_000)
    afterAll(() => engine.close())

    test.each([
      ['fast', 'invoice', 'INVOICE 2041-77\nTotal due: 1,284.50 EUR'],
      ['fast', 'rotated', 'rotated by ten degrees\nsecond line 12345'],
      ['fast', 'faint', 'faint grey on grey 9071\nlow contrast 5520'],
      ['large', 'invoice', 'INVOICE 2041-77\nTotal due: 1,284.50 EUR'],
      ['large', 'inverse', 'white on black 314\nsmall inverse 2718'],
    ])('%s reads %s.png', async (model, name, text) => {
      const [outcome] = await engine.run([work(model, image(await fixture(`images/${name}.png`)))], patient)
      expect(textOf(outcome)).toBe(text)
      if (outcome?.kind !== 'done') throw new Error('unreachable')
      expect(outcome.result.rawConfidence).toBeGreaterThan(0.9)
      expect(Object.values(outcome.result.signals).every(value => Number.isFinite(value))).toBe(true)
    })

    test.each(['jpeg', 'webp', 'tiff', 'gif'] as const)('reads a %s', async format => {
      const picture = await sharp(await fixture('images/rotated.png'))
        .toFormat(format)
        .toBuffer()
      const [outcome] = await engine.run([work('fast', image(new Uint8Array(picture)))], patient)
      expect(textOf(outcome)).toBe('rotated by ten degrees\nsecond line 12345')
    })

    test.each(['fast', 'large'])('%s reads what stands on its head', async model => {
      const [outcome] = await engine.run([work(model, image(await fixture('images/upside-down.png')))], patient)
      expect(textOf(outcome)).toBe('UPSIDE DOWN 4417\nTotal due: 1,284.50 EUR')
    })

    test('reads the legs of a batch, each with its own outcome and share of the time', async () => {
      const names = ['invoice', 'rotated', 'faint']
      const legs = await Promise.all(names.map(async name => work('fast', image(await fixture(`images/${name}.png`)))))
      const broken = work('fast', image((await fixture('images/invoice.png')).slice(0, 900)))
      const startedAt = performance.now()
      const outcomes = await engine.run([legs[0]!, broken, legs[1]!, legs[2]!], patient)
      const wallMs = performance.now() - startedAt
      expect([0, 2, 3].map(place => textOf(outcomes[place]).split('\n')[0])).toEqual([
        'INVOICE 2041-77',
        'rotated by ten degrees',
        'faint grey on grey 9071',
      ])
      expect(outcomes[1]).toMatchObject({ kind: 'failed', reason: 'bad-input' })
      const computeMs = outcomes.map(
        outcome => (outcome.kind === 'done' ? outcome.result.usage : outcome.usage).computeMs ?? 0,
      )
      expect(computeMs.every(share => Number.isInteger(share) && share >= 0)).toBe(true)
      // The runtime is timed in its own process, and shares are whole milliseconds.
      expect(computeMs.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(Math.ceil(wallMs) + names.length + 1)
      expect(Math.min(computeMs[0]!, computeMs[2]!, computeMs[3]!)).toBeGreaterThan(10)
    })

    /** A PNG that is all header: 14,000 by 14,300 pixels, and no data. */
    const header = Buffer.from('89504e470d0a1a0a0000000d49484452000036b0000037dc080200000000000000', 'hex')
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29)
    const bomb = Buffer.concat([header, Buffer.from('000000004944415435af061e0000000049454e44ae426082', 'hex')])
    test.each<[string, () => Promise<LoadedPart>, RegExp]>([
      [
        'a truncated PNG',
        async () => image((await fixture('images/invoice.png')).slice(0, 2000)),
        /damaged or cut short/,
      ],
      [
        'text posing as an image',
        async () => image(new TextEncoder().encode('GIF? no, only text')),
        /no supported format/,
      ],
      [
        'a drawing',
        async () => image(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
        /no supported format/,
      ],
      ['a header of 200 megapixels', async () => image(new Uint8Array(bomb)), /megapixels/],
      ['nothing', async () => image(new Uint8Array(0)), /no supported format/],
    ])('takes %s for bad input', async (_, part, message) => {
      const before = process.memoryUsage().rss
      const [outcome] = await engine.run([work('fast', await part())], patient)
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'bad-input' })
      expect(outcome?.kind === 'failed' && outcome.message).toMatch(message)
      expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
    })
  },
)

describe('createEngine()', () => {
  test.skipIf(whisperMissing !== undefined)(
    'says in one line that a model runs on another execution provider',
    async () => {
      buildWorker()
      const backend: WhisperSpec = { kind: 'whisper', pack: 'whisper-tiny' }
      const before = logged.length
      const models = [{ name: 'tiny', backend, executionProviders: ['cuda', 'cpu'], threads: 2 }]
      const engine = await createEngine({ models }, dependencies)
      await engine.close()
      const lines = logged.slice(before).filter(line => line.includes('instead of'))
      expect(lines).toHaveLength(1)
      expect(JSON.parse(lines[0]!)).toMatchObject({
        level: 40,
        model: 'tiny',
        provider: 'cpu',
        msg: 'model runs on cpu instead of cuda',
      })
    },
  )

  test('says which model cannot be loaded', async () => {
    buildWorker()
    const backend: WhisperSpec = { kind: 'whisper', pack: 'no-such-pack' }
    const building = createEngine({ models: [{ name: 'ghost', backend, ...onCpu }] }, dependencies)
    await expect(building).rejects.toMatchObject({ code: 'Config' })
    await expect(building).rejects.toThrow(/ghost.*no-such-pack/)
  })
})
