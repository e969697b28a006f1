import { adapterNumberFaults, backendFaults } from './backend-checks.ts'
import { meantBy, noSuchName, type ConfigFault } from './config-fault.ts'
import { drawFaults } from './draw-checks.ts'
import { guardrailFaults } from './guardrail-checks.ts'
import { askedModelFaults } from './asked-models.ts'
import { moneyFaults } from './money-checks.ts'
import type { Config } from '../schema.ts'

/** What a configuration points at outside of itself. */
export interface Surroundings {
  /** Names of the packs in the lock file; `undefined` where there is none to check against. */
  readonly packs: ReadonlySet<string> | undefined
  readonly folderExists: (configured: string) => boolean
}

/** Faults that no single field shows: names that point nowhere, limits that contradict each other. */
export function crossCheck(config: Config, surroundings: Surroundings): readonly ConfigFault[] {
  return [
    ...modelFaults(config, surroundings),
    ...poolFaults(config),
    ...Object.entries(config.ladders).flatMap(([name, ladder]) => ladderFaults(name, ladder, config, surroundings)),
    ...drawFaults(config),
    ...limitFaults(config),
    ...moneyFaults(config),
    ...guardrailFaults(config),
    ...keyFaults(config),
  ]
}

function modelFaults({ models, pools }: Config, { packs, folderExists }: Surroundings): ConfigFault[] {
  return Object.entries(models).flatMap(([name, { pool, backend }]) => {
    const path = ['models', name]
    const faults: ConfigFault[] = []
    if (!(pool in pools)) faults.push(noSuchName([...path, 'pool'], 'pools', pool, pools))
    faults.push(...packFaults([...path, 'backend'], backend, packs))
    faults.push(...servedFaults([...path, 'backend'], backend), ...weightFaults([...path, 'backend'], backend))
    faults.push(...metricsFaults([...path, 'backend'], backend), ...adapterNumberFaults([...path, 'backend'], backend))
    if (backend.kind === 'embedding' && backend.heads !== undefined && !folderExists(backend.heads)) {
      faults.push({ path: [...path, 'backend', 'heads'], expected: `a folder; ${backend.heads} is not there` })
    }
    return faults
  })
}

function packFaults(
  path: readonly string[],
  backend: Config['models'][string]['backend'],
  packs: Surroundings['packs'],
): ConfigFault[] {
  if (packs === undefined) return []
  return Object.entries(backend).flatMap(([key, value]) => {
    if (!/^pack$|Pack$/u.test(key) || typeof value !== 'string' || packs.has(value)) return []
    const meant = meantBy(value, [...packs])
    const expected = `a pack of deploy/models/models.lock.json: ${[...packs].join(', ')}`
    return [{ path: [...path, key], expected, ...(meant === undefined ? {} : { meant }) }]
  })
}

function servedFaults(path: readonly string[], backend: Config['models'][string]['backend']): ConfigFault[] {
  if (!('endpoints' in backend || 'baseUrl' in backend)) return []
  const both = backend.baseUrl !== undefined && backend.endpoints !== undefined
  if (both) return [{ path: [...path, 'endpoints'], expected: 'either baseUrl or endpoints' }]
  const none = backend.baseUrl === undefined && backend.endpoints === undefined
  const explainedBy = [[...path, 'endpoints']]
  return none ? [{ path: [...path, 'baseUrl'], expected: 'an address, here or as `endpoints`', explainedBy }] : []
}

function metricsFaults(path: readonly string[], backend: Config['models'][string]['backend']): ConfigFault[] {
  if (backend.kind !== 'oip' || backend.metricsUrls === undefined) return []
  const servers = backend.endpoints?.length ?? 1
  if (backend.metricsUrls.length === servers) return []
  return [{ path: [...path, 'metricsUrls'], expected: `one address for each server, ${servers} in all` }]
}

function weightFaults(path: readonly string[], backend: Config['models'][string]['backend']): ConfigFault[] {
  if (backend.kind === 'contrastive') {
    const isNamed = (backend.pack === undefined) !== (backend.folder === undefined)
    return isNamed ? [] : [{ path: [...path, 'pack'], expected: 'a pack, or a folder as `folder`' }]
  }
  if (backend.kind !== 'llama') return []
  const isOne = (backend.pack === undefined) !== (backend.file === undefined)
  return isOne ? [] : [{ path: [...path, 'pack'], expected: 'a pack, or a GGUF file as `file`' }]
}

/** A pool without models would start a worker that has nothing to do. */
function poolFaults({ models, pools }: Config): ConfigFault[] {
  const used = new Set(Object.values(models).map(({ pool }) => pool))
  return Object.keys(pools).flatMap(name =>
    used.has(name)
      ? []
      : [{ path: ['pools', name], expected: 'at least one model in this pool', explainedBy: [['models']] }],
  )
}

type Ladder = Config['ladders'][string]
type ConfiguredRecipe = Exclude<Ladder['rungs'][number], string>

function ladderFaults(name: string, ladder: Ladder, config: Config, surroundings: Surroundings): ConfigFault[] {
  const path = ['ladders', name]
  const rungNames = [...ladder.rungs, ...ladder.fallbacks].map(rung =>
    typeof rung === 'string' ? rung : `${rung.model}@${rung.recipe ?? ''}`,
  )
  const twice =
    new Set(rungNames).size === rungNames.length
      ? []
      : [
          {
            path: [...path, 'rungs'],
            expected: 'every rung once (the same model again wants a recipe name of its own)',
          },
        ]
  const none = { path: [...path, 'rungs'], expected: 'rungs that take a modality in common' }
  return [
    ...(ladder.modalities.length === 0 && rungNames.every(rung => (rung.split('@')[0] ?? '') in config.models)
      ? [none]
      : []),
    ...policyFaults(path, ladder, surroundings),
    ...(['rungs', 'fallbacks'] as const).flatMap(list =>
      ladder[list].flatMap((rung, index) => [
        ...rungFaults([...path, list, index], typeof rung === 'string' ? { model: rung } : rung, ladder, config),
        ...recipeFaults([...path, list, index], rung, config),
      ]),
    ),
    ...twice,
  ]
}

function policyFaults(path: readonly string[], ladder: Ladder, { folderExists }: Surroundings): ConfigFault[] {
  const { policy, uncalibrated, rungs, task } = ladder
  if (task === 'embed' && rungs.length > 1) {
    return [{ path: [...path, 'rungs'], expected: 'one model for embed: vectors of different spaces do not mix' }]
  }
  if (policy !== undefined && uncalibrated !== undefined) {
    return [
      {
        path: [...path, 'uncalibrated'],
        expected: 'nothing, since the ladder has a policy (`policy: null` takes away one of a file that is extended)',
      },
    ]
  }
  if (policy !== undefined && !folderExists(policy)) {
    return [{ path: [...path, 'policy'], expected: `a folder; ${policy} is not there` }]
  }
  if (rungs.length > 1 && policy === undefined && uncalibrated === undefined) {
    return [
      {
        path: [...path, 'policy'],
        expected: 'a policy folder, or `uncalibrated`, for a ladder of several rungs',
        explainedBy: [[...path, 'uncalibrated']],
      },
    ]
  }
  return []
}

function rungFaults(
  path: readonly (string | number)[],
  { model: modelName, readers = {} }: Pick<ConfiguredRecipe, 'model' | 'readers'>,
  ladder: Ladder,
  { models }: Config,
): ConfigFault[] {
  const model = models[modelName]
  if (model === undefined) return [noSuchName(path, 'models', modelName, models)]
  if (!model.tasks.includes(ladder.task)) {
    return [{ path, expected: `a model with task ${ladder.task}; ${modelName} has ${model.tasks.join(', ')}` }]
  }
  const taken: readonly string[] = [...model.modalities, ...Object.keys(readers)]
  // Of a video a rung is sent what it takes: all of it, its frames, or its sound.
  const takesVideo = ladder.task === 'generate' && (taken.includes('image') || taken.includes('audio'))
  const missing = ladder.modalities.filter(one => !taken.includes(one) && !(one === 'video' && takesVideo))
  if (missing.length === 0) return []
  return [{ path, expected: `a model that takes ${missing.join(', ')}; ${modelName} takes ${taken.join(', ')}` }]
}

function recipeFaults(
  path: readonly (string | number)[],
  rung: Ladder['rungs'][number],
  { models }: Config,
): ConfigFault[] {
  if (typeof rung === 'string') return []
  const { samples = 1, temperature } = rung
  const faults: ConfigFault[] = []
  if (samples > 1 && temperature === 0) {
    faults.push({ path: [...path, 'temperature'], expected: 'more than 0 with samples, or they are all the same' })
  }
  if (rung.repair === true && rung.promptTemplate !== undefined) {
    faults.push({ path: [...path, 'repair'], expected: 'no promptTemplate beside it, which would hold the repair too' })
  }
  faults.push(...backendFaults(path, rung, models[rung.model]?.backend))
  return [...faults, ...askedModelFaults(path, rung, models)]
}

function limitFaults({ limits, scheduling }: Config): ConfigFault[] {
  const faults: ConfigFault[] = []
  const { startAtQueueRatio, fullAtQueueRatio } = scheduling.escalationBackpressure
  if (fullAtQueueRatio <= startAtQueueRatio) {
    faults.push({
      path: ['scheduling', 'escalationBackpressure', 'fullAtQueueRatio'],
      expected: `more than startAtQueueRatio (${startAtQueueRatio})`,
    })
  }
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
  if (!auth.anonymous && auth.keys.length === 0 && auth.tokens.length === 0) {
    faults.push({
      path: ['auth', 'keys'],
      expected:
        'at least one key (`sluice keys create --local` makes one), a token issuer or `anonymous: true`: else nobody can call',
    })
  }
  auth.tokens.forEach(({ jwksUrl }, index) => {
    const { protocol, hostname } = new URL(jwksUrl)
    if (protocol === 'https:' || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(hostname)) return
    const expected = 'https, unless it is on this machine: whoever is between could put keys of their own in'
    faults.push({ path: ['auth', 'tokens', index, 'jwksUrl'], expected })
  })
  return faults
}
