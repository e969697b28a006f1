import { bootstrap } from './bootstrap.mjs'
import { evaluate, fit, folds, replay, sample, score } from './folds.mjs'
import { disturbances } from './disturbances.mjs'
import { apgr } from './routing.mjs'
import { riskLimits } from './risk.mjs'
import { thresholdPairs } from './threshold-pairs.mjs'

/** What is measured, by name: each yields figures. */
export const tracks = {
  mmlu: context => routing(context, context.read('mmlu-1500'), 'mixtral-8x7b', 'gpt-4-1106', 5, 0.66),
  mmmu: async function* mmmu(context) {
    const rows = context.read('mmmu-pro')
    yield* routing(context, rows, 'gpt-4o_standard10_direct', 'gpt-4o_standard10_cot', 5, 0.72)
    yield* routing(context, rows, 'gpt-4o_vision_direct', 'gpt-4o_vision_cot', 5, 0.72)
  },
  rafdb: matching,
  chains,
  calibration,
  risk: context => riskLimits(context, frugal, context.splits),
  flips,
}

/** The lowest mean price at which the cascade scores as the best single service does, per 10,000 requests. */
async function* matching(context) {
  const rows = context.read('frugalml-rafdb')
  const models = Object.keys(rows[0].outcomes)
  const best = Math.max(...models.map(model => meanOf(rows, row => row.outcomes[model].score)))
  const budgets = Array.from({ length: 16 }, (_, index) => (2.8 + 0.1 * index) / 1e4)
  const seen = []
  for (const [train, test] of folds(rows, 5, context.seed)) {
    const { policy } = await fit(context, train)
    const of = new Map(test.map(row => [row.id, row]))
    for (const { id, budgetUsd, calls, answer } of await replay(context, policy, test, { budgets })) {
      const { outcomes } = of.get(id)
      const costUsd = calls.reduce((sum, model) => sum + outcomes[model].costUsd, 0)
      seen.push({ budgetUsd, score: outcomes[answer].score, costUsd })
    }
  }
  const points = budgets.map(budgetUsd => {
    const at = seen.filter(one => one.budgetUsd === budgetUsd)
    return { score: meanOf(at, one => one.score), costUsd: meanOf(at, one => one.costUsd) }
  })
  for (const point of points) {
    yield {
      label: `score at USD ${(1e4 * point.costUsd).toFixed(2)} per 10,000 (best service: ${best.toFixed(4)})`,
      value: point.score,
    }
  }
  const above = points.findIndex(point => point.score >= best)
  const value = above < 1 ? Number.NaN : between(points[above - 1], points[above], best)
  yield { label: `USD per 10,000 to score ${best.toFixed(4)}`, value: 1e4 * value, reach: 3.6 }
}

/**
 * Mean score over budgets from the cheapest model's cost to the most expensive's, above single-threshold pairs that
 * were fitted on the same rows.
 */
async function* chains(context) {
  const sizes = { '300 rows to fit on': () => 300, 'half of the rows to fit on': rows => rows.length >> 1 }
  for (const [label, countOf] of Object.entries(sizes)) {
    const gains = []
    for (const table of frugal) {
      const rows = context.read(`frugalml-${table}`)
      const train = sample(rows, countOf(rows), 'chain', context.seed)
      const fitted = new Set(train.map(row => row.id))
      const test = rows.filter(row => !fitted.has(row.id))
      const costs = Object.keys(rows[0].outcomes).map(model => meanOf(rows, row => row.outcomes[model].costUsd))
      const [least, most] = [Math.min(...costs), Math.max(...costs)]
      const budgets = Array.from({ length: 15 }, (_, at) => least + ((at + 0.5) / 15) * (most - least))
      const { policy } = await fit(context, train)
      const of = new Map(test.map(row => [row.id, row]))
      const lines = await replay(context, policy, test, { budgets })
      // What was spent is held against pairs that spend as much, so that nothing is won by overspending.
      const spent = budgets.map(budget => {
        const at = lines.filter(line => line.budgetUsd === budget)
        return meanOf(at, ({ id, calls }) => calls.reduce((sum, model) => sum + of.get(id).outcomes[model].costUsd, 0))
      })
      const ours = meanOf(lines, ({ id, answer }) => of.get(id).outcomes[answer].score)
      const gain = ours - meanOf(thresholdPairs(train, test, spent), mean => mean)
      gains.push(gain)
      yield { label: `area over single-threshold pairs, ${table}, ${label}`, value: gain, reach: 0.003 }
    }
    yield {
      label: `area over single-threshold pairs, mean, ${label}`,
      value: meanOf(gains, gain => gain),
      reach: 0.003,
    }
  }
}

const frugal = ['ferplus', 'rafdb', 'expw', 'yelp', 'imdb', 'waimai', 'digit', 'audiomnist', 'fluent']

function between(low, high, wanted) {
  return low.costUsd + ((wanted - low.score) / (high.score - low.score)) * (high.costUsd - low.costUsd)
}

/** How far P(correct) after the call is from what comes, on the half of each table that was not fitted on. */
async function* calibration(context) {
  const errors = []
  for (const table of frugal) {
    const [[train, test]] = folds(context.read(`frugalml-${table}`), 2, context.seed)
    const { ece, eceOfChance } = await evaluate(context, (await fit(context, train)).policy, test)
    errors.push(ece.value)
    yield { label: `ECE, ${table} (chance alone: ${eceOfChance.toFixed(4)})`, ...ece, reach: 0.02 }
  }
  yield { label: 'ECE, mean of the tables', value: meanOf(errors, error => error), reach: 0.02 }
}

/**
 * Decisions that change when a text is disturbed without changing what it asks: typos, case, white space, polite
 * words.
 */
async function* flips(context) {
  const rows = context.read('mmlu-1500')
  const [small, large] = ['mixtral-8x7b', 'gpt-4-1106']
  const flipped = Object.fromEntries(Object.keys(disturbances).map(name => [name, 0]))
  for (const [train, test] of folds(rows, 5, context.seed)) {
    const { policy } = await fit(context, train, [small, large])
    const urgesOf = async some => {
      const scores = await score(context, policy, some)
      return some.map(row => scores.get(row.id)[large] - scores.get(row.id)[small])
    }
    const plain = await urgesOf(test)
    const threshold = plain.toSorted((a, b) => a - b)[test.length >> 1]
    for (const [name, disturb] of Object.entries(disturbances)) {
      const urges = await urgesOf(
        test.map(row => ({ ...row, content: row.content.map(part => ({ text: disturb(part.text) })) })),
      )
      flipped[name] += urges.filter((urge, at) => urge >= threshold !== plain[at] >= threshold).length
    }
  }
  for (const [name, count] of Object.entries(flipped)) {
    yield { label: `decisions that flip: ${name}`, value: count / rows.length, reach: 0.05 }
  }
}

function meanOf(list, of) {
  return list.reduce((sum, one, at) => sum + of(one, at), 0) / list.length
}

/** A router between two models, before any call: APGR over folds. The group of a row to be scored is not looked at. */
async function* routing(context, rows, small, large, count, reach) {
  const seen = []
  for (const [train, test] of folds(rows, count, context.seed)) {
    const { policy } = await fit(context, train, [small, large])
    const scores = await score(
      context,
      policy,
      test.map(({ group: _group, ...row }) => row),
    )
    for (const row of test) {
      const said = scores.get(row.id)
      seen.push({
        small: row.outcomes[small].score,
        large: row.outcomes[large].score,
        urge: said[large] - said[small],
        length: row.content.reduce((sum, part) => sum + (part.text?.length ?? 0), 0),
      })
    }
  }
  const label = `${small} → ${large}`
  yield { label: `APGR, ${label}`, ...bootstrap(seen, some => apgr(some, row => row.urge), context.seed), reach }
  yield { label: `  length only`, ...bootstrap(seen, some => apgr(some, row => row.length), context.seed) }
}
