import { describe, expect, it } from 'vitest'
import type { Cascade } from '#services/router/cascade/cascade'
import { createRunState } from '#services/router/cascade/run-state'
import { createTextRelays } from '#services/router/cascade/text-relays'
import type { CascadeEvent, CandidateRung } from '#services/router/request/states'
import { createRequestId } from '#services/contract/ids'
import type { Recipe, Rung, Streaming } from '#services/contract/model'
import { candidateOf, rungOf } from '../../../support/builders.ts'

const rung = (name: string, more: Partial<Rung> = {}): Rung => rungOf({ name }, more)

/**
 * What is told to a caller of the first rung's text, while these rungs may still follow; nothing where it is judged
 * first.
 */
async function told(streaming: Streaming, others: readonly Rung[], recipe: Recipe = {}): Promise<CascadeEvent[]> {
  const rungs = [rung('first', { recipe }), ...others]
  const cascade = {
    request: { requestId: createRequestId(0), task: 'generate' },
    guided: { ladder: { name: 'l', task: 'generate', modalities: ['text'], rungs, streaming } },
  } as unknown as Cascade
  const candidates = (): readonly CandidateRung[] => rungs.map(one => candidateOf(one))
  const events: CascadeEvent[] = []
  const leg = { index: 0, rung: 'first', pool: 'p', plannedAt: 0, attempt: 1 }
  const emit = async (event: CascadeEvent): Promise<void> => void events.push(event)
  const relay = createTextRelays(cascade, createRunState(), candidates, { send: async () => {} })(leg, emit)
  relay?.take({ offset: 0, text: 'word' })
  await relay?.complete({ kind: 'text', text: 'word' })
  return events
}

const shown = (optimistic: boolean): object[] => [{ kind: 'delta', model: 'first', text: 'word', optimistic }]

describe('createTextRelays()', () => {
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
