import { describe, expect, it } from 'vitest'
import { createAdmit, type AdmitOptions } from '#services/router/admit/admit'
import { MediaError } from '#services/media/media-error'
import type { SightDecoder } from '#services/media/sight/sight-decoder'
import type { AudioDecoder } from '#services/media/audio/audio-decoder'
import { checkRequest, type RequestLimits } from '#services/router/admit/check-request'
import type { FetchPart } from '#services/router/admit/fetch/fetch-part'
import type { Incoming } from '#services/router/request/states'
import { GatewayError } from '#services/contract/errors'
import type { InferenceRequest } from '#services/contract/request'

const limits: RequestLimits = {
  parts: 4,
  textCharacters: 100,
  messages: 20,
  conversationCharacters: 400,
  models: new Set(['tiny', 'large']),
  ladders: new Set(['chat']),
  tiers: new Set(['small']),
  labelSets: new Set(['subjects']),
}

const base: InferenceRequest = {
  task: 'generate',
  parts: [{ kind: 'text', text: 'hello' }],
  options: {},
  constraints: { priority: 'normal' },
  labels: {},
}

function fieldsOf(changed: Partial<InferenceRequest>): readonly string[] {
  try {
    checkRequest({ ...base, ...changed }, limits)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'InvalidRequest') throw error
    return (error.details.violations ?? []).map(one => one.field)
  }
  return []
}

const text = (words: string) => ({ kind: 'text', text: words }) as const
const constraints = (more: object) => ({ constraints: { priority: 'normal', ...more } as const })
const labels = (count: number) => Array.from({ length: count }, (_, index) => `label ${index}`)

describe('checkRequest()', () => {
  it.each<[string, Partial<InferenceRequest>]>([
    ['a plain request', {}],
    ['a label set', { task: 'classify', options: { labelSet: 'subjects' } }],
    ['64 labels', { task: 'classify', options: { labels: labels(64) } }],
    ['a language', { task: 'transcribe', options: { language: 'de' } }],
    ['every option of generate', { options: { maxOutputTokens: 1, temperature: 2, instruction: 'be kind' } }],
    ['the options of generate_image', { task: 'generate_image', options: { size: '1024x1536', quality: 'high' } }],
    ['the edges of every range', constraints({ minQuality: 0, maxRisk: 1, maxCostNanoUsd: 0, deadlineMs: 1 })],
    ['a known model and tier', constraints({ model: 'tiny', tier: 'small', adapter: 'legal' })],
    ['16 labels of its own', { labels: Object.fromEntries(labels(16).map(name => [name, 'x'])) }],
  ])('takes %s', (_what, changed) => {
    expect(fieldsOf(changed)).toEqual([])
  })

  it('lists the label sets to a classification that names none', () => {
    const ask = () =>
      checkRequest({ ...base, task: 'classify' }, { ...limits, labelSets: new Set(['topics', 'moods']) })
    expect(ask).toThrow('expected options.labels to choose among, or options.label_set of: moods, topics')
  })

  it.each<[string, Partial<InferenceRequest>, readonly string[]]>([
    ['no content', { parts: [] }, ['content']],
    ['too many parts', { parts: labels(5).map(text) }, ['content']],
    ['white space', { parts: [text('x'), text(' \n')] }, ['content[1].text']],
    ['too much text', { parts: [text('x'.repeat(60)), text('y'.repeat(60))] }, ['content']],
    ['too much text with its instruction', { options: { instruction: 'x'.repeat(100) } }, ['content']],
    [
      'an option of another task',
      { options: { labelSet: 'subjects', language: 'de' } },
      ['options.label_set', 'options.language'],
    ],
    ['neither labels nor a set', { task: 'classify' }, ['options.label_set']],
    [
      'both labels and a set',
      { task: 'classify', options: { labels: labels(2), labelSet: 'subjects' } },
      ['options.labels'],
    ],
    ['an unknown set', { task: 'classify', options: { labelSet: 'animals' } }, ['options.label_set']],
    ['one label', { task: 'classify', options: { labels: labels(1) } }, ['options.labels']],
    ['65 labels', { task: 'classify', options: { labels: labels(65) } }, ['options.labels']],
    ['a label twice', { task: 'classify', options: { labels: ['a', 'b', 'a'] } }, ['options.labels']],
    ['an empty label', { task: 'classify', options: { labels: ['a', ' '] } }, ['options.labels']],
    ['a language by name', { task: 'transcribe', options: { language: 'german' } }, ['options.language']],
    ['a temperature that is no number', { options: { temperature: Number.NaN } }, ['options.temperature']],
    ['a temperature over 2', { options: { temperature: 2.01 } }, ['options.temperature']],
    ['no output', { options: { maxOutputTokens: 0 } }, ['options.max_output_tokens']],
    ['a negative deadline', constraints({ deadlineMs: -1 }), ['constraints.deadline']],
    ['half a nano-dollar', constraints({ maxCostNanoUsd: 0.5 }), ['constraints.max_cost_nano_usd']],
    ['a cost that a double cannot hold', constraints({ maxCostNanoUsd: 2 ** 53 }), ['constraints.max_cost_nano_usd']],
    ['a quality over 1', constraints({ minQuality: 1.1 }), ['constraints.min_quality']],
    ['a risk that is no number', constraints({ maxRisk: Number.NaN }), ['constraints.max_risk']],
    [
      'an unknown model, ladder and tier',
      constraints({ model: 'huge', ladder: 'rope', tier: 'gold' }),
      ['constraints.model', 'constraints.ladder', 'constraints.tier'],
    ],
    ['a size that is none', { task: 'generate_image', options: { size: '1024' } }, ['options.size']],
    ['a size of no end', { task: 'generate_image', options: { size: '100000x1' } }, ['options.size']],
    ['a quality that is no word', { task: 'generate_image', options: { quality: 'High!' } }, ['options.quality']],
    ['a size at another task', { options: { size: '64x64' } }, ['options.size']],
    [
      'a picture to draw by',
      {
        task: 'generate_image',
        parts: [text('a'), { kind: 'image', source: { kind: 'bytes', bytes: new Uint8Array(1) } }],
        options: {},
      },
      ['content[1].image'],
    ],
    ['an endless adapter', constraints({ adapter: 'x'.repeat(257) }), ['constraints.adapter']],
    [
      'an endless key',
      { idempotencyKey: 'x'.repeat(257), sessionKey: 'y'.repeat(257) },
      ['idempotency_key', 'session_key'],
    ],
    ['17 labels of its own', { labels: Object.fromEntries(labels(17).map(name => [name, 'x'])) }, ['labels']],
    ['a long label of its own', { labels: { a: 'x'.repeat(257) } }, ['labels']],
  ])('refuses %s and names the field', (_what, changed, fields) => {
    expect(fieldsOf(changed)).toEqual(fields)
  })

  it('names every fault at once', () => {
    expect(fieldsOf({ parts: [], ...constraints({ model: 'huge' }), idempotencyKey: 'x'.repeat(300) })).toEqual([
      'content',
      'constraints.model',
      'idempotency_key',
    ])
  })
})

const options: AdmitOptions = {
  request: limits,
  media: { imageMegapixels: 40, audioSeconds: 10 },
  views: { imageMegapixels: 40, videoSeconds: 10, videoFrames: 4, drawnPages: 4, textPages: 4 },
  defaultDeadlineMs: 10_000,
  asyncDeadlineMs: 60_000,
  longestDeadlineMs: 100_000,
}
const nowMs = 1_000_000
const noSound: AudioDecoder = { decode: () => Promise.reject(new Error('nothing is to be decoded')) }
const noSight: SightDecoder = { decode: () => Promise.reject(new Error('nothing is to be seen')) }
const noFetch: FetchPart = () => Promise.reject(new Error('nothing is to be fetched'))
const incoming = (more: Partial<Incoming> = {}): Incoming => ({
  caller: { tenant: 't', credentialId: 'c', scopes: ['infer'] },
  request: base,
  mode: 'sync',
  arrivedAt: nowMs,
  ...more,
})
const admit = (more?: Partial<Incoming>, fetchPart = noFetch, audio = noSound) =>
  createAdmit(options, {
    clock: { now: () => nowMs },
    fetcher: () => fetchPart,
    audio,
    sight: noSight,
    takes: () => true,
    viewsFor: () => undefined,
  })(incoming(more), new AbortController().signal)
const within = (deadlineMs: number): InferenceRequest => ({ ...base, ...constraints({ deadlineMs }) })

const keyed = (request: InferenceRequest): InferenceRequest => ({ ...request, idempotencyKey: 'k' })

describe('createAdmit()', () => {
  it.each<[string, Partial<Incoming>, number]>([
    ['the default', {}, 10_000],
    ['that of the call', { callDeadlineAt: nowMs + 3000 }, 3000],
    ['that of the request', { request: within(2000) }, 2000],
    ['the tighter of both', { request: within(2000), callDeadlineAt: nowMs + 1500 }, 1500],
    ['at most the longest', { request: within(1e9) }, 100_000],
    ['for a job the long default, whatever its call has', { mode: 'async', callDeadlineAt: nowMs + 100 }, 60_000],
    ['for a job what it asked for', { mode: 'async', request: within(5000) }, 5000],
  ])('makes the deadline absolute: %s', async (_what, more, leftMs) => {
    expect((await admit(more)).deadlineAt - nowMs).toBe(leftMs)
  })

  it.each<[string, Partial<Incoming>, number | undefined]>([
    ['no run without a key', { callDeadlineAt: nowMs + 200 }, undefined],
    ['a run with a key the default', { request: keyed(base), callDeadlineAt: nowMs + 200 }, 10_000],
    ['what its request asks for', { request: keyed(within(5000)), callDeadlineAt: nowMs + 200 }, 5000],
    ['at most the longest', { request: keyed(within(1e9)), callDeadlineAt: nowMs + 200 }, 100_000],
    ['no more than a call with more time', { request: keyed(base), callDeadlineAt: nowMs + 20_000 }, undefined],
    ['no job', { request: keyed(within(5000)), mode: 'async', callDeadlineAt: nowMs + 200 }, undefined],
  ])('gives time beyond its caller to: %s', async (_what, more, runMs) => {
    const { runDeadlineAt } = await admit(more)
    expect(runDeadlineAt).toBe(runMs === undefined ? undefined : nowMs + runMs)
  })

  it('refuses a deadline that is past, before looking at anything else', async () => {
    await expect(admit({ callDeadlineAt: nowMs, request: { ...base, parts: [] } })).rejects.toMatchObject({
      code: 'Deadline',
      details: { stage: 'admit', reason: 'DEADLINE_AT_ADMIT' },
    })
  })

  it.each([
    ['ID3\x04', 'audio/mpeg', 'audio/mp3'],
    ['fLaC', 'audio/flac', undefined],
    ['\x1aE\xdf\xa3', 'audio/webm', 'audio/webm;codecs=opus'],
    ['\0\0\0\x18ftypisom\0\0\0\0isom', 'audio/mp4', 'audio/x-m4a'],
  ])('has sound of %j decoded as %s, and takes what came of it', async (head, mediaType, declared) => {
    const bytes = Buffer.from(head.padEnd(32, '\0'), 'latin1')
    const sound = { kind: 'audio', source: { kind: 'bytes', bytes }, ...(declared && { mediaType: declared }) } as const
    const wav = Buffer.from('a WAV file')
    const asked: string[] = []
    const { parts } = await admit({ request: { ...base, parts: [sound] } }, noFetch, {
      async decode(given, type) {
        asked.push(type)
        expect(given).toBe(bytes)
        return { wav, durationMs: 2500, sampleRateHz: 44_100, channels: 2 }
      },
    })
    expect(asked).toEqual([mediaType])
    const header = { durationMs: 2500, sampleRateHz: 16_000, channels: 1, bytes: wav.byteLength }
    expect(parts).toEqual([{ kind: 'audio', bytes: wav, mediaType: 'audio/wav', header }])
  })

  it('says of sound that cannot be decoded why, and which part it is', async () => {
    const bytes = Buffer.from('OggS'.padEnd(32, '\0'), 'latin1')
    const sound = { kind: 'audio', source: { kind: 'bytes', bytes } } as const
    const refused = admit({ request: { ...base, parts: [text('hear'), sound] } }, noFetch, {
      decode: () => Promise.reject(new MediaError('the audio is damaged or cut short')),
    })
    await expect(refused).rejects.toMatchObject({
      details: { violations: [{ field: 'content[1].audio.bytes', description: 'the audio is damaged or cut short' }] },
    })
  })

  it('fetches parts given by address and checks what came', async () => {
    const bytes = Buffer.from('no image at all')
    const asked: string[] = []
    const image = { kind: 'image', source: { kind: 'uri', uri: 'https://example.org/a.png' } } as const
    const refused = admit({ request: { ...base, parts: [text('see'), image] } }, async (uri, field) => {
      asked.push(uri, field)
      return bytes
    })
    await expect(refused).rejects.toMatchObject({ details: { violations: [{ field: 'content[1].image.bytes' }] } })
    expect(asked).toEqual(['https://example.org/a.png', 'content[1].image'])
  })

  it('lists each modality once and gives every request an id of its own', async () => {
    const first = await admit({ request: { ...base, parts: [text('a'), text('b')] } })
    expect(first.modalities).toEqual(['text'])
    expect(first.requestId).not.toBe((await admit()).requestId)
  })
})
