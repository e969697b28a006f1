// Fits the weights of `services/decision/same-question/same-question-weights.ts` on half of the intents of
// `grounding/question-pairs.mjs` and measures them on the other half, beside a threshold on the likeness alone; and
// those of all its intents on `grounding/held-out-intents.mjs`.
//   node scripts/policies/fit-same-question.mjs PACK-FOLDER
import { openEncoder } from '#services/decision/encoder/open-encoder'
import { questionFeatures } from '#services/decision/same-question/question-features'
import { fitLogistic, probabilityOf } from '../grounding/fit-logistic.mjs'
import { heldOutIntents } from '../grounding/held-out-intents.mjs'
import { questionPairs } from '../grounding/question-pairs.mjs'

const encoder = await openEncoder(process.argv[2] ?? '')
const vectors = new Map()
const vectorOf = async text => {
  if (!vectors.has(text)) vectors.set(text, await encoder.encode(text))
  return vectors.get(text)
}
const examplesOf = async pairs => {
  const examples = []
  for (const pair of pairs) {
    const [one, other] = [await vectorOf(pair.one), await vectorOf(pair.other)]
    const similarity = one.reduce((sum, value, at) => sum + value * other[at], 0)
    const features = questionFeatures(pair.one, pair.other, similarity)
    examples.push({ ...pair, similarity, label: pair.same, features })
  }
  return examples
}
const examples = await examplesOf(questionPairs())
const heldOut = await examplesOf(questionPairs(heldOutIntents))
await encoder.close()

const names = Object.keys(examples[0].features)
const tested = [0, 1].flatMap(fold => {
  const weights = fitLogistic(
    examples.filter(one => one.fold !== fold),
    names,
  )
  return examples
    .filter(one => one.fold === fold)
    .map(one => ({ ...one, probability: probabilityOf(weights, one.features) }))
})
const weights = fitLogistic(examples, names)
report('halves', tested)
report(
  'held out',
  heldOut.map(one => ({ ...one, probability: probabilityOf(weights, one.features) })),
)
tell(Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, Number(value.toFixed(3))])))

function report(set, all) {
  tell({
    set,
    pairs: all.length,
    same: all.filter(({ label }) => label === 1).length,
    calibrationError: errorOf(all),
  })
  for (const least of [0.8, 0.9, 0.95, 0.98, 0.99]) {
    tell({ set, least, ...hitsOf(all, ({ probability }) => probability >= least) })
  }
  for (const least of [0.9, 0.95, 0.98])
    tell({ set, similarity: least, ...hitsOf(all, ({ similarity }) => similarity >= least) })
}

/** Of what is given again: how much is wrong; of what could be given again: how much is. */
function hitsOf(all, isHit) {
  const hits = all.filter(isHit)
  const wrong = hits.filter(({ label }) => label === 0)
  const same = all.filter(({ label }) => label === 1)
  const different = all.filter(({ label }) => label === 0)
  const kinds = [...new Set(same.map(({ kind }) => kind))].map(kind => {
    const of = same.filter(one => one.kind === kind)
    return [kind, Number((of.filter(isHit).length / of.length).toFixed(3))]
  })
  const misses = wrong.slice(0, 4).map(({ one, other }) => `${one} | ${other}`)
  return {
    hits: hits.length,
    falseHits: wrong.length,
    falseHitShare: wrong.length / Math.max(1, hits.length),
    falseHitsOfDifferent: wrong.length / different.length,
    recall: (hits.length - wrong.length) / same.length,
    ...Object.fromEntries(kinds),
    misses,
  }
}

/** Ten bins of equal counts. */
function errorOf(all) {
  const sorted = all.toSorted((one, other) => one.probability - other.probability)
  const size = Math.ceil(sorted.length / 10)
  let error = 0
  for (let from = 0; from < sorted.length; from += size) {
    const sum = sorted
      .slice(from, from + size)
      .reduce((total, { label, probability }) => total + label - probability, 0)
    error += Math.abs(sum) / sorted.length
  }
  return error
}

function tell(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
