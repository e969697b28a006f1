import type { ConfigFault } from './config-fault.ts'
import type { Config } from '../schema.ts'

/** Faults of models and ladders that draw: who can, and what no picture can be put through. */
export function drawFaults({ models, ladders }: Config): readonly ConfigFault[] {
  const unable = Object.entries(models).filter(
    ([, { tasks, backend }]) => tasks.includes('generate_image') && backend.kind !== 'openai',
  )
  return [
    ...unable.map(([name]) => ({
      path: ['models', name, 'tasks'],
      expected: 'generate_image of a model with backend openai alone',
    })),
    ...Object.entries(ladders).flatMap(([name, ladder]) =>
      ladder.task === 'generate_image' ? ladderFaults(name, ladder) : [],
    ),
  ]
}

type Ladder = Config['ladders'][string]

function ladderFaults(name: string, ladder: Ladder): ConfigFault[] {
  const path = ['ladders', name]
  const judged = (['rungs', 'fallbacks'] as const).flatMap(list =>
    ladder[list].flatMap((rung, index) => (isJudged(rung) ? [[...path, list, index]] : [])),
  )
  const faults = judged.map(at => ({
    path: at,
    expected: 'neither samples nor verifier nor answerPattern for generate_image: nothing compares pictures',
  }))
  if (ladder.rungs.length === 1) return faults
  const expected = 'one model for generate_image: nothing judges a picture (fallbacks may be)'
  return [{ path: [...path, 'rungs'], expected }, ...faults]
}

function isJudged(rung: Ladder['rungs'][number]): boolean {
  if (typeof rung === 'string') return false
  const { verifier, samples = 1, answerPattern } = rung
  return verifier !== undefined || samples > 1 || answerPattern !== undefined
}
