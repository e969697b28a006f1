import { isShort, lackOf } from '#services/contract/capabilities'
import type { GenerateOptions } from '#services/contract/content'
import type { Rung } from '#services/contract/model'
import { formatApart } from '#services/contract/money'
import { isPriced } from '#services/contract/price'
import { deliveryMarginMs, type CandidateRung, type FilterName } from '#services/router/request/states'
import type { CandidateInput } from './candidate-input.ts'
import type { Fleet } from '#services/router/pools/fleet'
import { showApart } from '#services/contract/figures'
import { modalitiesTaken, viewsTaken } from '#services/contract/media/views'
import { optionsFor } from '#services/contract/options-for'

/** A reason to leave a rung out; `undefined` when there is none. Pure. */
export type Objection = (candidate: CandidateRung, input: CandidateInput, fleet: Fleet) => string | undefined

/**
 * The filters in the order in which they are asked: what the caller wants, what the rung can do, what is there,
 * then time and money. A rung shows the first that objects. A new filter is its name in `FilterName`, a function
 * and a line here, and in `choose.ts` the error that a caller gets when it leaves no rung.
 */
export const filters: readonly { readonly name: FilterName; readonly objects: Objection }[] = [
  { name: 'pin', objects: pinned },
  { name: 'modality', objects: modality },
  { name: 'capability', objects: capability },
  { name: 'adapter', objects: adapter },
  { name: 'price', objects: unpriced },
  { name: 'workers', objects: workers },
  { name: 'deadline', objects: deadline },
  { name: 'cost', objects: cost },
]

function pinned({ rung }: CandidateRung, { pin }: CandidateInput): string | undefined {
  if (pin.model !== undefined && pin.model !== rung.name && pin.model !== rung.model.name) {
    return `the request asks for model ${pin.model}`
  }
  if (pin.tier !== undefined && pin.tier !== rung.model.tier) return `the request asks for tier ${pin.tier}`
  return undefined
}

function modality({ rung }: CandidateRung, { modalities, views }: CandidateInput): string | undefined {
  const taken = modalitiesTaken(rung)
  const isSeen = views !== undefined && viewsTaken(taken, views).length > 0
  const missing = modalities.filter(one => !taken.includes(one) && !(one === 'video' && isSeen))
  return missing.length === 0 ? undefined : `it does not accept ${missing.join(' or ')}`
}

function capability({ rung }: CandidateRung, { needs, options }: CandidateInput): string | undefined {
  const { takes } = rung.model
  const missing = takes === undefined ? undefined : needs.find(one => !takes.includes(one))
  return missing === undefined ? recipeObjects(rung, options) : lackOf[missing]
}

/** What a rung's own recipe does not go with. */
function recipeObjects({ model: { takes }, recipe }: Rung, options: GenerateOptions): string | undefined {
  const { serviceTier: tier = 'auto' } = options
  if (tier !== 'auto' && (recipe.serviceTier ?? tier) !== tier)
    return `it is asked by service tier ${recipe.serviceTier}`
  const asked = optionsFor(recipe, options)
  if (takes?.includes('short-reasoning') === false && isShort(asked)) return lackOf['short-reasoning']
  return hasRoom(asked) ? undefined : `its ${asked.maxOutputTokens} output tokens leave no room beside the reasoning`
}

function hasRoom({ reasoning, maxOutputTokens = Infinity }: GenerateOptions): boolean {
  return (reasoning?.maxTokens ?? 0) < maxOutputTokens
}

function adapter({ rung }: CandidateRung, { pin }: CandidateInput): string | undefined {
  if (pin.adapter === undefined || rung.recipe.adapter === pin.adapter) return undefined
  if (rung.recipe.adapter === undefined && rung.model.adapters?.includes(pin.adapter) === true) return undefined
  return `it has no adapter ${pin.adapter}`
}

function unpriced({ price }: CandidateRung, { isPaid }: CandidateInput): string | undefined {
  return isPaid && !isPriced(price ?? {}) ? 'it has no price, and a budget applies' : undefined
}

function workers({ rung }: CandidateRung, { mode }: CandidateInput, fleet: Fleet): string | undefined {
  const { pool, name } = rung.model
  if (mode === 'async' || fleet.serves(pool, name) || fleet.pool(pool).startsCold) return undefined
  return `no worker of pool ${pool} serves it at the moment`
}

function deadline({ neededMs }: CandidateRung, { nowMs, deadlineAt }: CandidateInput): string | undefined {
  const leftMs = deadlineAt - deliveryMarginMs - nowMs
  if (neededMs <= leftMs) return undefined
  const [needed, left] = showApart(neededMs, Math.max(0, leftMs), 0)
  return `it needs ${needed} ms, ${left} ms are left`
}

function cost({ reserveNanoUsd }: CandidateRung, { moneyLeftNanoUsd }: CandidateInput): string | undefined {
  if (moneyLeftNanoUsd === undefined || reserveNanoUsd <= moneyLeftNanoUsd) return undefined
  const [needed, left] = formatApart(reserveNanoUsd, moneyLeftNanoUsd)
  return `it may cost ${needed}, ${left} is left`
}
