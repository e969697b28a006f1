import type { Config } from './schema.ts'

/** A fault in the configuration at a path. */
export interface ConfigFault {
  readonly path: readonly (string | number)[]
  readonly expected: string
}

/** Faults that no single field shows: names that point nowhere, limits that contradict each other. Pure. */
export function crossCheck(config: Config): readonly ConfigFault[] {
  return [...modelFaults(config), ...ladderFaults(config), ...limitFaults(config), ...keyFaults(config)]
}

function modelFaults({ models, pools }: Config): ConfigFault[] {
  return Object.entries(models).flatMap(([name, { pool }]) =>
    pool in pools ? [] : [{ path: ['models', name, 'pool'], expected: `one of the pools: ${namesOf(pools)}` }],
  )
}

function ladderFaults({ ladders, models }: Config): ConfigFault[] {
  return Object.entries(ladders).flatMap(([name, ladder]) => {
    const path = ['ladders', name]
    const faults: ConfigFault[] = []
    if (ladder.policy !== undefined && ladder.uncalibrated !== undefined) {
      faults.push({ path: [...path, 'uncalibrated'], expected: 'nothing, since the ladder has a policy' })
    }
    if (ladder.rungs.length > 1 && ladder.policy === undefined && ladder.uncalibrated === undefined) {
      faults.push({
        path: [...path, 'policy'],
        expected: 'a policy folder, or `uncalibrated`, for a ladder of several rungs',
      })
    }
    ladder.rungs.forEach((rung, index) => {
      const modelName = typeof rung === 'string' ? rung : rung.model
      const model = models[modelName]
      const at = [...path, 'rungs', index]
      if (model === undefined) faults.push({ path: at, expected: `one of the models: ${namesOf(models)}` })
      else if (!model.tasks.includes(ladder.task)) {
        faults.push({
          path: at,
          expected: `a model with task ${ladder.task}; ${modelName} has ${model.tasks.join(', ')}`,
        })
      }
    })
    const rungNames = ladder.rungs.map(rung => (typeof rung === 'string' ? rung : `${rung.model}@${rung.recipe ?? ''}`))
    if (new Set(rungNames).size < rungNames.length) {
      faults.push({
        path: [...path, 'rungs'],
        expected: 'every rung once (the same model again wants a recipe name of its own)',
      })
    }
    return faults
  })
}

function limitFaults({ limits }: Config): ConfigFault[] {
  const faults: ConfigFault[] = []
  if (limits.defaultDeadlineMs > limits.longestDeadlineMs) {
    faults.push({
      path: ['limits', 'defaultDeadlineMs'],
      expected: `at most longestDeadlineMs (${limits.longestDeadlineMs})`,
    })
  }
  if (limits.asyncDeadlineMs > limits.longestDeadlineMs) {
    faults.push({
      path: ['limits', 'asyncDeadlineMs'],
      expected: `at most longestDeadlineMs (${limits.longestDeadlineMs})`,
    })
  }
  return faults
}

function keyFaults({ auth }: Config): ConfigFault[] {
  const faults: ConfigFault[] = []
  const seen = new Set<string>()
  auth.keys.forEach(({ id }, index) => {
    if (seen.has(id)) faults.push({ path: ['auth', 'keys', index, 'id'], expected: 'an id that no other key has' })
    seen.add(id)
  })
  if (!auth.anonymous && auth.keys.length === 0) {
    faults.push({ path: ['auth', 'keys'], expected: 'at least one key, or `anonymous: true`: else nobody can call' })
  }
  return faults
}

function namesOf(record: Readonly<Record<string, unknown>>): string {
  return Object.keys(record).join(', ') || '(none)'
}
