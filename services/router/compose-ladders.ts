import type { Ladder, ModelSpec, Recipe, Rung } from '../shared/contract/model.ts'
import type { Policy } from '../shared/policy/policy.ts'
import type { Config } from '../shared/config/schema.ts'
import { createUncalibratedPolicy } from '../shared/policy/uncalibrated-policy.ts'
import { createLadderBook, type LadderBook } from './ladder-book.ts'
import type { GuidedLadder } from './states.ts'

/** Loads the policy of a configured folder. */
export type LoadPolicy = (folder: string) => Promise<Policy>

/** Builds the ladders and their policies out of the configuration. @throws GatewayError Config for a policy that cannot be loaded */
export async function composeLadders(config: Config, loadPolicy: LoadPolicy): Promise<LadderBook> {
  const models = new Map(Object.keys(config.models).map(name => [name, modelOf(config, name)]))
  const ladders = await Promise.all(
    Object.entries(config.ladders).map(async ([name, configured]): Promise<GuidedLadder> => {
      const ladder = ladderOf(name, configured, models)
      const policy = await policyOf(configured, ladder, loadPolicy)
      return policy === undefined ? { ladder } : { ladder, policy }
    }),
  )
  return createLadderBook(ladders, [...models.values()])
}

async function policyOf(
  { policy, uncalibrated }: Config['ladders'][string],
  ladder: Ladder,
  loadPolicy: LoadPolicy,
): Promise<Policy | undefined> {
  if (policy !== undefined) return loadPolicy(policy)
  if (uncalibrated === undefined) return undefined
  return createUncalibratedPolicy({ models: ladder.rungs.map(rung => rung.name), acceptRatio: uncalibrated.accept })
}

function modelOf(config: Config, name: string): ModelSpec {
  const model = config.models[name]
  if (model === undefined) throw new Error(`model ${name} is not configured`)
  const { backend, card, price } = model
  const { parameters, ...words } = card
  return {
    name,
    tasks: model.tasks,
    modalities: model.modalities,
    tier: config.pools[model.pool]?.tier ?? '',
    pool: model.pool,
    price: withoutAbsent(price),
    card: parameters === undefined ? words : { ...words, parameters },
    ...(backend.kind === 'embedding' ? { space: backend.space } : {}),
  }
}

function ladderOf(
  name: string,
  { task, modalities, rungs }: Config['ladders'][string],
  models: ReadonlyMap<string, ModelSpec>,
): Ladder {
  return { name, task, modalities, rungs: rungs.map(rung => rungOf(rung, models)) }
}

function rungOf(configured: Config['ladders'][string]['rungs'][number], models: ReadonlyMap<string, ModelSpec>): Rung {
  const {
    model: modelName,
    recipe: recipeName,
    ...recipe
  } = typeof configured === 'string' ? { model: configured } : configured
  const model = models.get(modelName)
  if (model === undefined) throw new Error(`model ${modelName} is not configured`)
  return {
    name: recipeName === undefined ? modelName : `${modelName}@${recipeName}`,
    model,
    recipe: withoutAbsent<Recipe>(recipe),
  }
}

/** The schema gives absent fields as `undefined`; the contract leaves them out. */
function withoutAbsent<T extends object>(value: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}
