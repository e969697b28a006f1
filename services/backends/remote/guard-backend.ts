import type { Backend } from '../backend.ts'
import type { Outcome, Work } from '#services/backends/work'

/** Keeps from a backend what it cannot take: `refuse` gives the outcome of such a leg. */
export function guardBackend(backend: Backend, refuse: (work: Work) => Outcome | undefined): Backend {
  return {
    ...backend,
    async run(batch, control) {
      const refused = batch.map(refuse)
      const taken = batch.filter((_work, index) => refused[index] === undefined)
      const outcomes = taken.length === 0 ? [] : [...(await backend.run(taken, control))]
      return refused.map(outcome => outcome ?? outcomes.shift() ?? lost)
    },
  }
}

const lost: Outcome = { kind: 'failed', reason: 'bug', message: 'the backend gave no outcome', usage: {} }
