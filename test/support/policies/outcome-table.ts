import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

let tables = 0
const words = ['river', 'prove', 'integral', 'colour', 'capital', 'seven', 'matrix', 'bird']

/**
 * A made table of three models, drawn from a seed: harder rows have longer texts, and confidence tells, with noise,
 * whether an answer is right. `change` alters a row before it is written.
 */
export function writeTable(
  folder: string,
  rows: number,
  change: (row: Record<string, unknown>, index: number) => unknown = row => row,
): string {
  let state = 11
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const ladder = [
    { model: 'small', skill: 0.9, costUsd: 0.001 },
    { model: 'middle', skill: 1.2, costUsd: 0.004 },
    { model: 'large', skill: 1.7, costUsd: 0.02 },
  ]
  const lines = Array.from({ length: rows }, (_, index) => {
    const hardness = random()
    const text = Array.from({ length: 4 + Math.round(40 * hardness) }, () => words[Math.floor(random() * 8)]).join(' ')
    const outcomes = ladder.map(({ model, skill, costUsd }) => {
      const score = Number(random() < skill - hardness)
      const confidence = Math.min(0.99, Math.max(0.01, 0.35 + 0.4 * score + 0.3 * (random() - 0.5)))
      return [model, { score, confidence, costUsd, answer: score === 1 ? 'A' : 'BCD'[index % 3], latencyMs: 1 }]
    })
    const row = { id: `row-${index}`, dataset: 'made', group: index % 2 === 0 ? 'even' : 'odd', content: [{ text }] }
    return JSON.stringify(change({ ...row, outcomes: Object.fromEntries(outcomes) }, index))
  })
  const file = join(folder, `table-${(tables += 1)}.jsonl`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
