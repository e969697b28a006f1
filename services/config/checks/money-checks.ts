import { noSuchName, type ConfigFault } from './config-fault.ts'
import type { Config } from '../schema.ts'

/** Faults of prices and budgets that no single field shows. */
export function moneyFaults(config: Config): ConfigFault[] {
  return [
    ...Object.keys(config.prices).flatMap(model => priceFaults(model, config)),
    ...Object.keys(config.models).flatMap(model => uncountedFaults(model, config)),
    ...budgetFaults(config),
  ]
}

/** A price of what a model never counts would make its calls free under every budget. */
function uncountedFaults(name: string, { models, prices }: Config): ConfigFault[] {
  const model = models[name]
  if (model === undefined) return []
  const given = [
    { path: ['models', name, 'price'], price: model.price ?? {} },
    ...(prices[name] ?? []).map((price, index) => ({ path: ['prices', name, index], price })),
  ]
  const counted = countedRates(model)
  return given.flatMap(({ path, price }) => {
    const named = Object.keys(price).filter(rate => rate.startsWith('per'))
    if (named.length === 0 || named.some(rate => counted.includes(rate))) return []
    return [{ path, expected: `one of the rates that its calls are counted by: ${counted.join(', ')}` }]
  })
}

function countedRates({ tasks, modalities }: Config['models'][string]): readonly string[] {
  const seesPictures = modalities.includes('image') || tasks.includes('generate_image')
  return [
    'perRequest',
    'perInputToken',
    'perOutputToken',
    'perComputeSecond',
    ...(seesPictures ? ['perImage'] : []),
    ...(modalities.includes('audio') ? ['perAudioSecond'] : []),
  ]
}

type Entry = Config['prices'][string][number]

function priceFaults(model: string, { models, prices }: Config): ConfigFault[] {
  const path = ['prices', model]
  const entries = prices[model] ?? []
  const known = models[model]
  const faults: ConfigFault[] = []
  if (known === undefined) {
    faults.push(noSuchName(path, 'models', model, models))
  } else if (known.price !== undefined && Object.keys(known.price).length > 0) {
    faults.push({ path, expected: `nothing, since models.${model}.price says it already` })
  }
  entries.forEach((entry, index) => {
    const { startsAt, endsAt } = spanOf(entry)
    if (startsAt >= endsAt) faults.push({ path: [...path, index, 'until'], expected: 'a time after `from`' })
    const other = entries.findIndex((one, at) => at < index && overlap(entry, one))
    if (other >= 0) {
      faults.push({ path: [...path, index], expected: `a window that does not overlap that of entry ${other}` })
    }
    faults.push(...tierFaults([...path, index, 'above'], entry.above))
  })
  return faults
}

function spanOf({ from, until }: Entry): { readonly startsAt: number; readonly endsAt: number } {
  return {
    startsAt: from === undefined ? -Infinity : Date.parse(from),
    endsAt: until === undefined ? Infinity : Date.parse(until),
  }
}

function overlap(one: Entry, other: Entry): boolean {
  const a = spanOf(one)
  const b = spanOf(other)
  return a.startsAt < b.endsAt && b.startsAt < a.endsAt
}

function tierFaults(path: readonly (string | number)[], tiers: Entry['above'] = []): ConfigFault[] {
  return tiers.flatMap(({ inputTokens }, index) =>
    tiers.findIndex(other => other.inputTokens === inputTokens) === index
      ? []
      : [{ path: [...path, index, 'inputTokens'], expected: 'a size that no other tier has' }],
  )
}

function budgetFaults({ budgets, pools, models }: Config): ConfigFault[] {
  const unknown = Object.keys(budgets.pools)
    .filter(pool => !(pool in pools))
    .map(pool => noSuchName(['budgets', 'pools', pool], 'pools', pool, pools))
  const owners = [
    [['budgets', 'deployment'], budgets.deployment],
    ...Object.entries(budgets.pools).map(([pool, limits]) => [['budgets', 'pools', pool], limits] as const),
    ...Object.entries(budgets.tenants).map(([tenant, limits]) => [['budgets', 'tenants', tenant], limits] as const),
  ] as const
  const contrary = owners.flatMap(([path, { perDayUsd, perMonthUsd }]) =>
    usdOf(perDayUsd, 0) > usdOf(perMonthUsd, Infinity)
      ? [{ path: [...path, 'perDayUsd'], expected: `at most perMonthUsd (${usdOf(perMonthUsd, 0)})` }]
      : [],
  )
  const own =
    usdOf(budgets.tenantPerDayUsd, 0) > usdOf(budgets.tenantPerMonthUsd, Infinity)
      ? [
          {
            path: ['budgets', 'tenantPerDayUsd'],
            expected: `at most tenantPerMonthUsd (${usdOf(budgets.tenantPerMonthUsd, 0)})`,
          },
        ]
      : []
  const tiers = Object.entries(models).flatMap(([name, { price }]) =>
    tierFaults(['models', name, 'price', 'above'], price?.above),
  )
  return [...unknown, ...contrary, ...own, ...tiers]
}

function usdOf(limit: Config['budgets']['requestMaxUsd'], none: number): number {
  if (limit === undefined) return none
  return typeof limit === 'number' ? limit : limit.usd
}
