import { createHash } from 'node:crypto'
import { capabilities, type Capability } from '#services/contract/capabilities'
import type { Ladder, LadderCache, ModelSpec, Recipe, Rung } from '#services/contract/model'
import type { DatedPrice, Price, PriceTier } from '#services/contract/price'
import { withoutAbsent } from '#services/contract/without-absent'
import type { Config } from '#services/config/schema'

/** The ladders and models of a configuration. */
export interface Ladders {
  readonly ladders: readonly Ladder[]
  readonly models: readonly ModelSpec[]
}

/** Builds the ladders out of the configuration. */
export function composeLadders(config: Config): Ladders {
  const models = new Map(Object.keys(config.models).map(name => [name, modelOf(config, name)]))
  const ladders = Object.entries(config.ladders).map(([name, configured]) =>
    withHedgedAttempts(ladderOf(name, configured, models), config),
  )
  return { ladders, models: [...models.values()] }
}

/** Legs of a pool that is hedged may get a hedged attempt, and what it may cost is held too. */
function withHedgedAttempts(ladder: Ladder, { pools }: Config): Ladder {
  const rungs = ladder.rungs.map(rung =>
    pools[rung.model.pool]?.hedge === undefined ? rung : { ...rung, extraLegs: { ...rung.extraLegs, hedge: 1 } },
  )
  return { ...ladder, rungs }
}

/** Recipes are a part of what is decided by: another recipe makes another version. Empty where there are none. */
export function recipesMark({ rungs }: Ladder): string {
  const recipes = rungs.filter(({ recipe }) => Object.keys(recipe).length > 0).map(({ name, recipe }) => [name, recipe])
  if (recipes.length === 0) return ''
  return `${marker}${createHash('sha256').update(JSON.stringify(recipes)).digest('hex').slice(0, 8)}`
}

/** The version of the policy itself. */
export function unmarked(version: string): string {
  return version.split(marker)[0] ?? version
}

const marker = '+recipes-'

function modelOf(config: Config, name: string): ModelSpec {
  const model = config.models[name]
  if (model === undefined) throw new Error(`model ${name} is not configured`)
  const { backend, card } = model
  const pool = config.pools[model.pool]
  const { parameters, ...words } = card
  return {
    name,
    tasks: model.tasks,
    modalities: model.modalities,
    takes: takenBy(model),
    tier: pool?.tier ?? '',
    pool: model.pool,
    ...pricesOf(config, name),
    ...(pool === undefined ? {} : { longestLegMs: pool.longestLegMs }),
    ...(model.imageTokens === undefined ? {} : { imageTokens: model.imageTokens }),
    card: parameters === undefined ? words : { ...words, parameters },
    ...spaceOf(backend),
    ...('adapters' in backend && backend.adapters !== undefined ? { adapters: Object.keys(backend.adapters) } : {}),
  }
}

type ConfiguredModel = Config['models'][string]

/** What the protocols of backends carry of what requests ask for. The echo says everything after its caller. */
const carried: Readonly<Partial<Record<ConfiguredModel['backend']['kind'], readonly Capability[]>>> = {
  openai: capabilities.filter(one => one !== 'top-k' && one !== 'reasoning-budget'),
  anthropic: [
    'conversation',
    'tools',
    'serial-tool-calls',
    'sampling',
    'top-k',
    'stop',
    'reasoning-effort',
    'reasoning-budget',
  ],
  gemini: [
    'conversation',
    'tools',
    'sampling',
    'high-temperature',
    'short-reasoning',
    'top-k',
    'seed',
    'stop',
    'penalties',
    'reasoning-effort',
    'reasoning-budget',
    'flex-tier',
    'priority-tier',
  ],
  whisper: ['timestamps', 'word-timestamps'],
  llama: ['conversation', 'empty-message', 'sampling', 'high-temperature', 'top-k', 'seed', 'stop'],
  echo: capabilities,
}

/** What Responses leave out of what Chat Completions carry. @source OpenAI API reference, "Create a model response" */
const notInResponses: readonly Capability[] = ['seed', 'stop', 'penalties']

function isResponses(backend: ConfiguredModel['backend']): boolean {
  return backend.kind === 'openai' && backend.api === 'responses'
}

const timed: readonly Capability[] = ['timestamps', 'word-timestamps']

/** Servers return times only when asked for segments. */
function isUntimed(backend: ConfiguredModel['backend']): boolean {
  return backend.kind === 'openai' && !backend.segments
}

/** What a model takes: what its protocol carries, with what its configuration adds and takes away. */
function takenBy({ backend, takes = [], lacks = [] }: ConfiguredModel): readonly Capability[] {
  const sampling: readonly Capability[] =
    backend.kind === 'oip' && backend.vllm ? ['sampling', 'high-temperature', 'seed', 'stop'] : []
  const budget: readonly Capability[] =
    backend.kind === 'openai' && backend.budgetField !== undefined ? ['reasoning-budget'] : []
  const all = [...(carried[backend.kind] ?? sampling), ...budget, ...takes]
  const missing = [...(isResponses(backend) ? notInResponses : []), ...(isUntimed(backend) ? timed : []), ...lacks]
  return capabilities.filter(one => takes.includes(one) || (all.includes(one) && !missing.includes(one)))
}

function pricesOf({ models, prices }: Config, name: string): Pick<ModelSpec, 'price' | 'datedPrices'> {
  const dated = prices[name] ?? []
  const price = priceOf(models[name]?.price ?? {})
  return dated.length === 0 ? { price } : { price, datedPrices: dated.map(datedPriceOf) }
}

function priceOf({ currency: _one, above, ...rates }: NonNullable<Config['models'][string]['price']>): Price {
  const tiers = above?.map(tier => withoutAbsent<PriceTier>(tier))
  return { ...withoutAbsent<Price>(rates), ...(tiers === undefined ? {} : { above: tiers }) }
}

function datedPriceOf({ from, until, ...price }: Config['prices'][string][number]): DatedPrice {
  return {
    price: priceOf(price),
    ...(from === undefined ? {} : { fromAt: Date.parse(from) }),
    ...(until === undefined ? {} : { untilAt: Date.parse(until) }),
  }
}

function spaceOf(backend: Config['models'][string]['backend']): { readonly space?: string } {
  if (backend.kind === 'embedding' || backend.kind === 'contrastive') return { space: backend.space }
  return backend.kind === 'openai' || backend.kind === 'oip' ? { space: backend.space ?? backend.model } : {}
}

function ladderOf(
  name: string,
  { task, modalities, rungs, fallbacks, streaming, contentFilter, retrieve, cache }: Config['ladders'][string],
  models: ReadonlyMap<string, ModelSpec>,
): Ladder {
  const judged = rungs.map(rung => rungOf(rung, models))
  const fallback = fallbacks.map(rung => ({ ...rungOf(rung, models), fallback: true }))
  return {
    name,
    task,
    modalities,
    streaming,
    contentFilter,
    ...(retrieve === undefined ? {} : { retrieve }),
    ...(cache === undefined ? {} : { cache: withoutAbsent<LadderCache>(cache) }),
    rungs: [...judged, ...fallback],
  }
}

type ConfiguredRecipe = Exclude<Config['ladders'][string]['rungs'][number], string>

function rungOf(configured: Config['ladders'][string]['rungs'][number], models: ReadonlyMap<string, ModelSpec>): Rung {
  const {
    model: modelName,
    recipe: recipeName,
    price,
    ...recipe
  }: ConfiguredRecipe = typeof configured === 'string' ? { model: configured } : configured
  const model = models.get(modelName)
  if (model === undefined) throw new Error(`model ${modelName} is not configured`)
  return {
    name: recipeName === undefined ? modelName : `${modelName}@${recipeName}`,
    model: price === undefined ? model : withPrice(model, priceOf(price)),
    recipe: withoutAbsent<Recipe>({
      ...recipe,
      verifier: verifierOf(recipe.verifier, models),
      readers: readersOf(recipe.readers, models),
    }),
  }
}

/** A rung with a price of its own is not billed by the price list of its model. */
function withPrice({ datedPrices: _ofModel, ...model }: ModelSpec, price: Price): ModelSpec {
  return { ...model, price }
}

/** Models that read media first are paid at their own prices, which the worker that asks them has to know. */
function readersOf(configured: ConfiguredRecipe['readers'], models: ReadonlyMap<string, ModelSpec>): Recipe['readers'] {
  if (configured === undefined) return undefined
  const named = (['audio', 'image'] as const).flatMap(kind => {
    const model = configured[kind]
    return model === undefined ? [] : [[kind, { model, price: models.get(model)?.price ?? {} }] as const]
  })
  return Object.fromEntries(named)
}

/** A second model is paid at its own price, which the worker that asks it has to know. */
function verifierOf(
  configured: ConfiguredRecipe['verifier'],
  models: ReadonlyMap<string, ModelSpec>,
): Recipe['verifier'] {
  if (configured?.kind !== 'model') return configured
  const { promptTemplate, model } = configured
  const price = models.get(model)?.price ?? {}
  return { kind: 'model', model, price, ...(promptTemplate === undefined ? {} : { promptTemplate }) }
}
