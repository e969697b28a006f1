import { join } from 'node:path'
import { runCalibrate } from '#services/calibrate/calibrate'
import { writeTable } from './outcome-table.ts'

/**
 * How often the small echo was right in the rows that a policy is fitted on: always, or once in 20, or all but once
 * in 20.
 */
type Kind = 'trusting' | 'doubting' | 'unsure'

/** Fits a policy for the ladder of two echoes, and gives its folder. */
export async function fitEchoPolicy(home: string, kind: Kind): Promise<string> {
  const table = writeTable(home, 80, (row, index) => {
    const { small, large } = row['outcomes'] as Record<string, Record<string, unknown>>
    const rare = index % 20 === 0
    const right = { trusting: true, doubting: rare, unsure: !rare }[kind]
    return {
      ...row,
      outcomes: {
        'echo-small': {
          ...small,
          score: Number(right),
          answer: `row ${index}, ${right ? 'right' : 'wrong'}`.padEnd(40),
        },
        'echo-large': { ...large, score: 1, answer: `row ${index}, right`.padEnd(40) },
      },
    }
  })
  const out = join(home, kind)
  await runCalibrate({ outcomes: [table], out, seed: 1, models: ['echo-small', 'echo-large'] })
  return out
}
