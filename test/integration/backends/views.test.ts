import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Caveat } from '#services/contract/answer'
import type { MediumKind, Modality, Task } from '#services/contract/content'
import { createAudioDecoder } from '#services/media/audio/audio-decoder'
import { openPicture } from '#services/media/open-picture'
import { createSightDecoder, type SightDecoder } from '#services/media/sight/sight-decoder'
import { see } from '#services/media/sight/see'
import { viewPart } from '#services/router/admit/media/views'
import type { CheckedPart } from '#services/router/request/states'
import { buildWorker } from '../../support/worker/built-worker.ts'

const withoutFfmpeg = spawnSync('ffmpeg', ['-version']).error !== undefined
const audio = createAudioDecoder({ limitSeconds: 60, timeoutMs: 20_000, processes: 1 })
const inProcesses = createSightDecoder({ timeoutMs: 20_000, processes: 2 })
/** Without a process, which takes most of the time. */
const here: SightDecoder = { decode: see }
/** What a decoder goes round in is stopped. */
const hasty = createSightDecoder({ timeoutMs: 1500, processes: 1 })
const limits = { imageMegapixels: 40, videoSeconds: 60, videoFrames: 8, drawnPages: 4, textPages: 4 }
const taken: Readonly<Partial<Record<Task, readonly Modality[]>>> = {
  transcribe: ['audio'],
  ocr: ['image'],
  classify: ['text'],
  generate: ['text', 'image'],
}

interface Asked {
  readonly task: Task
  readonly limits?: Partial<typeof limits>
  readonly sight?: SightDecoder
  /** Takes what answers are going to lack. */
  readonly caveats?: Caveat[]
  /** What rungs of a ladder for videos are sent. */
  readonly views?: readonly Modality[]
  readonly signal?: AbortSignal
  readonly header?: Readonly<Record<string, number>>
  readonly change?: (bytes: Uint8Array) => Uint8Array
}

async function view(name: string, asked: Asked): Promise<readonly CheckedPart[]> {
  const bytes = new Uint8Array(await readFile(new URL(`../../fixtures/${name}`, import.meta.url)))
  const [kind, mediaType]: [MediumKind, string] = name.endsWith('.pdf')
    ? ['document', 'application/pdf']
    : ['video', name.endsWith('.mp4') ? 'video/mp4' : 'video/webm']
  const { task, signal = new AbortController().signal, change = same } = asked
  const onCaveat = (caveat: Caveat): unknown => asked.caveats?.push(caveat)
  const order = {
    task,
    place: 0,
    onCaveat,
    field: `content[0].${kind}`,
    limits: { ...limits, ...asked.limits },
    signal,
  }
  const takes = (one: Task, modality: Modality): boolean => taken[one]?.includes(modality) === true
  return viewPart({ kind, bytes: change(bytes), mediaType, header: asked.header ?? {} }, order, {
    audio,
    sight: asked.sight ?? here,
    takes,
    viewsFor: one => (one === task ? asked.views : undefined),
  })
}
const same = (bytes: Uint8Array): Uint8Array => bytes

beforeAll(buildWorker)

describe('viewPart() of a PDF', () => {
  test('gives its text, and names the pages that have none', async () => {
    const text = 'Invoice 4711\n\nTotal due 98.50\n\n[page 3 is a picture and was not read]'
    const caveats: Caveat[] = []
    expect(await view('documents/invoice.pdf', { task: 'classify', caveats })).toEqual([{ kind: 'text', text }])
    expect(caveats).toEqual([{ note: '2 of 3 pages of the document were read', mostConfidence: 2 / 3 }])
  })

  test('draws its pages where the task reads pictures', async () => {
    const [part] = await view('documents/invoice.pdf', { task: 'ocr' })
    if (part?.kind !== 'image') throw new Error('it is no picture')
    expect(part).toMatchObject({ mediaType: 'image/tiff', header: { width: 1754, pages: 3 } })
    const pages = await Promise.all(
      [0, 2].map(async page => (await (await openPicture(part.bytes, 40, page)).greyscale().stats()).channels[0]!.min),
    )
    expect(pages[0]).toBeLessThan(60)
    expect(pages[1]).toBe(255)
    const [scan] = await view('documents/scan.pdf', { task: 'ocr' })
    expect(scan).toMatchObject({ kind: 'image', mediaType: 'image/png', header: { width: 1754 } })
    if (scan?.kind !== 'image') throw new Error('it is no picture')
    const [ink] = (await (await openPicture(scan.bytes, 40)).greyscale().stats()).channels
    expect(ink?.min).toBeLessThan(60)
  })

  test('says which page it could not draw, and refuses a document of none but such', async () => {
    const caveats: Caveat[] = []
    const [part] = await view('documents/half-damaged.pdf', { task: 'ocr', caveats })
    expect(part).toMatchObject({ kind: 'image', header: { pages: 2 } })
    expect(caveats).toEqual([{ note: '1 of 2 pages of the document were read', mostConfidence: 0.25 }])
    await expect(view('documents/damaged-scan.pdf', { task: 'ocr' })).rejects.toThrow(
      'no page of the document can be drawn',
    )
    const whole: Caveat[] = []
    await view('documents/invoice.pdf', { task: 'ocr', caveats: whole })
    await view('documents/scan.pdf', { task: 'ocr', caveats: whole })
    expect(whole).toEqual([])
  })

  test.each<[string, string, Asked, string]>([
    ['encrypted', 'documents/encrypted.pdf', { task: 'classify' }, 'encrypted'],
    ['a scan asked for its text', 'documents/scan.pdf', { task: 'generate' }, 'task ocr'],
    ['too long', 'documents/invoice.pdf', { task: 'ocr', limits: { drawnPages: 2 } }, '3 pages, at most 2'],
    ['cut', 'documents/invoice.pdf', { task: 'ocr', change: bytes => bytes.slice(0, 200) }, 'damaged or cut short'],
    [
      'one that promises more pages than it holds',
      'documents/scan.pdf',
      {
        task: 'ocr',
        change: bytes => Buffer.from(Buffer.from(bytes).toString('latin1').replace('/Count 1', '/Count 3'), 'latin1'),
      },
      'damaged',
    ],
  ])('refuses by name one that is %s', async (_, name, asked, words) => {
    await expect(view(name, asked)).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringMatching(new RegExp(`^content\\[0\\]\\.document\\.bytes: .*${words}`, 'u')) as string,
    })
  })

  test('one decoder that is stopped costs its request alone', async () => {
    const stop = new AbortController()
    const ask: Asked = { task: 'classify', sight: inProcesses }
    const stopped = view('documents/invoice.pdf', { ...ask, signal: stop.signal })
    stop.abort(new Error('gone'))
    await expect(stopped).rejects.toThrow('gone')
    const noTime = createSightDecoder({ timeoutMs: 1, processes: 1 })
    await expect(view('documents/invoice.pdf', { task: 'ocr', sight: noTime })).rejects.toThrow('takes too long')
    expect(await view('documents/invoice.pdf', ask)).toHaveLength(1)
  })
})

describe.skipIf(withoutFfmpeg)(`viewPart() of a video${withoutFfmpeg ? ' (ffmpeg is not installed)' : ''}`, () => {
  test.each(['video/cards.mp4', 'video/cards.webm'])('gives the frames of %s that differ, as one file', async name => {
    const [part, ...others] = await view(name, { task: 'ocr' })
    expect(others).toEqual([])
    expect(part).toMatchObject({
      kind: 'image',
      mediaType: 'image/tiff',
      header: { width: 640, height: 360, pages: 3, cuts: 0 },
    })
  })

  test('gives pictures to models that talk, at most as many as are taken', async () => {
    const parts = await view('video/cards.mp4', { task: 'generate', limits: { videoFrames: 2 } })
    expect(parts.map(part => part.kind)).toEqual(['image', 'image'])
  })

  test('sees a last frame that is shown for a moment', async () => {
    const [part] = await view('video/short-end.webm', { task: 'ocr' })
    expect(part).toMatchObject({ header: { pages: 3 } })
  })

  test('gives every view that some rung of a ladder is sent, with what is known of the whole', async () => {
    const parts = await view('video/cards.mp4', { task: 'generate', views: ['video', 'image', 'audio'] })
    expect(parts.map(part => part.kind)).toEqual(['video', 'image', 'image', 'image', 'audio'])
    for (const part of parts) {
      expect(part).toMatchObject({ viewOf: 0, wholeHeader: { cuts: 0, motion: expect.any(Number) as number } })
    }
    const mute = await view('video/pattern.mp4', {
      task: 'generate',
      views: ['image', 'audio'],
      header: { audioTracks: 0 },
    })
    expect(new Set(mute.map(part => part.kind))).toEqual(new Set(['image']))
  })

  test.each<[string, Asked, string]>([
    ['too long', { task: 'ocr', limits: { videoSeconds: 3 } }, 'at most 3 s'],
    ['too large', { task: 'ocr', limits: { imageMegapixels: 0.1 } }, '0.2 megapixels'],
    ['cut short', { task: 'ocr', change: bytes => bytes.slice(0, 6000) }, 'cut short'],
    ['no more than noise inside', { task: 'ocr', sight: hasty, change: noise }, 'the medium'],
  ])('refuses by name one that is %s', async (_, asked, words) => {
    await expect(view('video/cards.webm', asked)).rejects.toThrow(words)
  })
})

test('viewPart() of a video gives its sound, one channel of Opus, to models of speech', async () => {
  const [part] = await view('video/cards.webm', { task: 'transcribe' })
  expect(part).toMatchObject({ kind: 'audio', mediaType: 'audio/wav', header: { sampleRateHz: 16_000 } })
})

test('viewPart() leaves alone what some model takes as it is', async () => {
  const part: CheckedPart = { kind: 'document', bytes: new Uint8Array(4), mediaType: 'application/pdf', header: {} }
  const order = {
    task: 'generate' as const,
    place: 0,
    onCaveat: () => {},
    field: 'x',
    limits,
    signal: new AbortController().signal,
  }
  expect(await viewPart(part, order, { audio, sight: here, takes: () => true, viewsFor: () => undefined })).toEqual([
    part,
  ])
})

/** The index stays, and what it points to is none. */
function noise(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at > 800 && at % 3 === 0 ? byte ^ 0x5a : byte))
}
