import { describe, expect, it } from 'vitest'
import { createLadderRegistry } from '#services/router/ladders/ladder-registry'
import { createImpliedTask } from '#services/router/edge/grpc/implied-task'
import type { Modality, Task } from '#services/contract/content'
import type { ModelSpec } from '#services/contract/model'
import type { InferenceRequest } from '#services/contract/request'

const model = (name: string, tasks: readonly Task[], modalities: readonly Modality[]): ModelSpec => ({
  name,
  tasks,
  modalities,
  tier: 'small',
  pool: 'small',
  price: {},
  card: { title: name, licence: '', source: '', trainingData: '', limits: '' },
})

const local = [
  model('whisper', ['transcribe'], ['audio']),
  model('reader', ['ocr'], ['image']),
  model('minilm', ['classify', 'embed'], ['text']),
]
const chat = model('chat', ['generate'], ['text', 'image'])

function impliedBy(models: readonly ModelSpec[], request: Partial<InferenceRequest>): Task {
  const ladders = models.flatMap(one =>
    one.tasks.map(task => ({
      ladder: { name: `${one.name} ${task}`, task, modalities: one.modalities, rungs: [] },
    })),
  )
  const impliedTask = createImpliedTask({
    ladders: createLadderRegistry(ladders, models),
    labelSets: new Set(['academic-subject']),
  })
  return impliedTask({ parts: [], options: {}, constraints: { priority: 'normal' }, labels: {}, ...request })
}

const text = { kind: 'text', text: 'Will it rain tomorrow?' } as const
const medium = (kind: 'image' | 'audio' | 'video') =>
  ({ kind, source: { kind: 'uri', uri: 'https://a.example/b' } }) as const

describe('a request without a task', () => {
  it.each<[string, readonly ModelSpec[], Partial<InferenceRequest>, Task]>([
    ['text', [...local, chat], { parts: [text] }, 'generate'],
    ['text beside a picture', [...local, chat], { parts: [text, medium('image')] }, 'generate'],
    ['a picture', [...local, chat], { parts: [medium('image')] }, 'ocr'],
    ['a recording', local, { parts: [medium('audio')] }, 'transcribe'],
    [
      'text with a label set',
      [...local, chat],
      { parts: [text], options: { labelSet: 'academic-subject' } },
      'classify',
    ],
    ['text with labels', [...local, chat], { parts: [text], options: { labels: ['a', 'b'] } }, 'classify'],
    [
      'a pinned model of one task',
      [...local, chat],
      { parts: [medium('image')], constraints: { priority: 'normal', model: 'chat' } },
      'generate',
    ],
  ])('means by %s what it asks for', (_what, models, request, task) => {
    expect(impliedBy(models, request)).toBe(task)
  })

  it.each<[string, readonly ModelSpec[], Partial<InferenceRequest>]>([
    ['text where nothing generates', local, { parts: [text] }],
    ['text for a model of two tasks', local, { parts: [text], constraints: { priority: 'normal', model: 'minilm' } }],
    ['text beside a recording', [...local, chat], { parts: [text, medium('audio')] }],
    ['a video', [...local, chat], { parts: [medium('video')] }],
  ])('is refused for %s, with all that can be asked', (_what, models, request) => {
    expect(() => impliedBy(models, request)).toThrow(
      expect.objectContaining({
        code: 'InvalidRequest',
        message: expect.stringMatching(
          /classify with text \(options\.labels to choose among, or options\.label_set of: academic-subject\)/u,
        ),
        details: { violations: [expect.objectContaining({ field: 'task' })] },
      }),
    )
  })

  it('names every task that a ladder takes, and no content', () => {
    expect(() => impliedBy(local, { parts: [text] })).toThrow(
      'task: expected a task, since text alone implies none here; available: transcribe with audio; ocr with image; classify with text (options.labels to choose among, or options.label_set of: academic-subject); embed with text',
    )
  })

  it('is told that content is missing where there is none', () => {
    expect(() => impliedBy(local, {})).toThrow(/^content: expected at least one part; available: transcribe/u)
  })

  it('is told when there is no ladder at all', () => {
    expect(() => impliedBy([], { parts: [text] })).toThrow('nothing, since no ladder is configured')
  })
})
