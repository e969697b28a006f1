import { bootstrap } from './bootstrap.mjs'
import { fit, folds, score } from './folds.mjs'
import { apgr } from './routing.mjs'

/** What is measured, by name: each yields figures. */
export const tracks = {
  mmlu: context => routing(context, context.read('mmlu-1500'), 'mixtral-8x7b', 'gpt-4-1106', 5, 0.66),
  mmmu: async function* mmmu(context) {
    const rows = context.read('mmmu-pro')
    yield* routing(context, rows, 'gpt-4o_standard10_direct', 'gpt-4o_standard10_cot', 5, 0.72)
    yield* routing(context, rows, 'gpt-4o_vision_direct', 'gpt-4o_vision_cot', 5, 0.72)
  },
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
