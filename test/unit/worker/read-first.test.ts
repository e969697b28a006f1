import { describe, expect, test } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Recipe } from '#services/contract/model'
import type { Backend, RunControl } from '#services/backends/backend'
import type { LoadedPart, Outcome, Work } from '#services/backends/work'
import { withRecipe } from '#services/worker/recipe/with-recipe'

const control: RunControl = {
  cancelled: () => false,
  signal: () => new AbortController().signal,
  onDelta: async () => {},
}
const sandboxes = { check: () => Promise.reject(new Error('nothing is checked here')) }
const readers: Recipe['readers'] & object = {
  audio: { model: 'ear', price: { perComputeSecond: 1000 } },
  image: { model: 'eye', price: { perImage: 7 } },
}
const question: LoadedPart = { kind: 'text', text: 'Where does the train go?' }
const sound: LoadedPart = { kind: 'audio', bytes: new Uint8Array(4), mediaType: 'audio/wav' }
const picture = (mark: number): LoadedPart => ({
  kind: 'image',
  bytes: new Uint8Array([mark]),
  mediaType: 'image/jpeg',
})

function done(text: string, rawConfidence: number, usage = {}): Outcome {
  return { kind: 'done', result: { output: { kind: 'text', text }, rawConfidence, signals: {}, usage } }
}

/** A leg whose model repeats what it is given; readers hear one sentence and read these texts in pictures. */
async function ask(
  parts: readonly LoadedPart[],
  read: readonly Outcome[] = [],
  answer: Outcome = done('London', 0.6, { outputTokens: 1 }),
): Promise<{ outcome: Outcome; given: Work[]; asked: [string, string, string][] }> {
  const given: Work[] = []
  const asked: [string, string, string][] = []
  const backend: Backend = {
    maxBatch: 1,
    run: async batch => batch.map(one => (given.push(one), answer)),
    close: async () => {},
  }
  const left = [...read]
  const askModel = async (model: string, { task, parts: [part] }: Work): Promise<Outcome> => {
    asked.push([model, task, part?.kind ?? ''])
    return part?.kind === 'audio' ? done('To London.', 0.9, { computeMs: 2000 }) : (left.shift() ?? done('', 1))
  }
  const work: Work = {
    legId: legIdOf(createRequestId(0), 0),
    attempt: 1,
    model: 'm',
    recipe: { readers },
    task: 'generate',
    options: {},
    parts,
    deadlineAt: Number.MAX_SAFE_INTEGER,
    streaming: false,
  }
  const [outcome] = await withRecipe(backend, { askModel, sandboxes }).run([work], control)
  return { outcome: outcome!, given, asked }
}

const textsOf = (work: Work | undefined): readonly string[] =>
  work?.parts.map(part => (part.kind === 'text' ? part.text : part.kind)) ?? []

describe('a recipe with readers', () => {
  test('gives the model what is said and seen before the question, and what it cost', async () => {
    const frames = [done('PLATFORM 7', 0.8, { images: 1 }), done('Platform 7\nGATE', 0.7, { images: 1 })]
    const { outcome, given, asked } = await ask([picture(1), picture(2), sound, question], frames)
    expect(asked).toEqual([
      ['eye', 'ocr', 'image'],
      ['eye', 'ocr', 'image'],
      ['ear', 'transcribe', 'audio'],
    ])
    expect(textsOf(given[0])).toEqual([
      'Text seen in picture 1:\nPLATFORM 7',
      'Text seen in picture 2:\nGATE',
      'Transcript of the sound:\nTo London.',
      'Where does the train go?',
    ])
    expect(outcome).toMatchObject({
      kind: 'done',
      result: { rawConfidence: 0.6, signals: { read_audio: 0.9, read_image: 0.7 }, othersNanoUsd: 2000 + 14 },
    })
  })

  test('says that nothing is seen, once for pictures that show nothing', async () => {
    const { given } = await ask([picture(1), picture(2), question])
    expect(textsOf(given[0])).toEqual(['[No text is seen in the picture.]', 'Where does the train go?'])
  })

  test('fails where a reader fails, charges each reader at its own price, and does not ask the model', async () => {
    const fault: Outcome = { kind: 'failed', reason: 'bad-input', message: 'it is damaged', usage: { images: 1 } }
    const { outcome, given } = await ask(
      [sound, picture(1), picture(2), question],
      [done('A', 1, { images: 1 }), fault],
    )
    expect(outcome).toEqual({ ...fault, usage: {}, othersNanoUsd: 2000 + 7 + 7 })
    expect(given).toEqual([])
  })

  test('charges the readers where the model fails after them', async () => {
    const fault: Outcome = { kind: 'failed', reason: 'model-error', message: 'no', usage: { outputTokens: 3 } }
    const { outcome } = await ask([sound, question], [], fault)
    expect(outcome).toEqual({ ...fault, othersNanoUsd: 2000 })
  })

  test('leaves a question without media to the model alone', async () => {
    const { asked, given } = await ask([question])
    expect(asked).toEqual([])
    expect(textsOf(given[0])).toEqual(['Where does the train go?'])
  })
})
