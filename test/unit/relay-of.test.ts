import { describe, expect, it } from 'vitest'
import type { Course } from '#services/router/cascade/course'
import { relayOf } from '#services/router/cascade/relay-of'
import { createTrail } from '#services/router/cascade/trail'
import type { ClimbEvent, Considered } from '#services/router/request/states'
import { createRequestId } from '#services/contract/ids'
import type { Recipe, Rung, Streaming } from '#services/contract/model'

function rung(name: string, more: Partial<Rung> = {}): Rung {
  const card = { title: name, licence: 'none', source: 'none', trainingData: 'none', limits: 'none' }
  const model = { name, tasks: ['generate'], modalities: ['text'], tier: 't', pool: 'p', price: {}, card } as const
  return { name, model, recipe: {}, ...more }
}

/** What is told to a caller of the first rung's text, while these rungs may still follow; nothing where it is judged first. */
async function told(streaming: Streaming, others: readonly Rung[], recipe: Recipe = {}): Promise<ClimbEvent[]> {
  const rungs = [rung('first', { recipe }), ...others]
  const course = {
    request: { requestId: createRequestId(0), task: 'generate' },
    guided: { ladder: { name: 'l', task: 'generate', modalities: ['text'], rungs, streaming } },
  } as unknown as Course
  const look = (): readonly Considered[] =>
    rungs.map(one => ({ rung: one, reserveNanoUsd: 1, predictedCostNanoUsd: 1, predictedWaitMs: 0 }) as Considered)
  const events: ClimbEvent[] = []
  const leg = { index: 0, rung: 'first', pool: 'p', plannedAt: 0, attempt: 1 }
  const emit = async (event: ClimbEvent): Promise<void> => void events.push(event)
  const relay = relayOf(course, createTrail(), leg, emit, { send: async () => {} }, look)
  relay?.take(1, 0, 'word')
  await relay?.complete('word')
  return events
}

const shown = (optimistic: boolean): object[] => [{ kind: 'delta', model: 'first', text: 'word', optimistic }]

describe('relayOf()', () => {
  it('shows a final rung’s text as it comes, and a fallback keeps none from being final', async () => {
    expect(await told('final', [])).toEqual(shown(false))
    expect(await told('final', [rung('spare', { fallback: true })])).toEqual(shown(false))
  })

  it('judges a draft first where another rung may follow', async () => {
    expect(await told('final', [rung('second')])).toEqual([])
  })

  it('shows a draft where the ladder is optimistic, and says so', async () => {
    expect(await told('optimistic', [rung('second')])).toEqual(shown(true))
    expect(await told('optimistic', [])).toEqual(shown(false))
  })

  it('shows nothing that is not whole where the ladder wants it so', async () => {
    expect(await told('whole', [])).toEqual([])
  })

  it.each([{ samples: 3 }, { answerPattern: 'Answer: (.*)' }])(
    'shows nothing of what is not the answer itself (%j)',
    async recipe => {
      expect(await told('optimistic', [], recipe)).toEqual([])
    },
  )
})
