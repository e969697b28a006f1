// Measures the guardrails: what they find, what they find wrongly, and how long they take.
// usage: node scripts/guardrails/measure.mjs --benign ROWS.jsonl[.gz] … --findings FILE.jsonl [--json OUT]
// Rows are outcome rows (content with text); findings are lines {"check","kind","group","text","value"?}.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { armSet } from '#services/router/guardrails/guardrail-set'
import { createTextGuard } from '#services/router/guardrails/text-guard'

const { values } = parseArgs({
  options: {
    benign: { type: 'string', multiple: true, default: [] },
    findings: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    show: { type: 'string' },
  },
})

const linesOf = path => {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

const set = armSet({
  name: 'measured',
  onFault: 'closed',
  before: {
    injection: { action: 'flag' },
    'personal-data': { action: 'redact' },
    secrets: { action: 'redact' },
    toxicity: { action: 'flag' },
  },
  after: {},
})

/** Each check by itself, so that one does not hide another; the text as it is rewritten by the check. */
function lookAt(text, names = ['injection', 'personal-data', 'secrets', 'toxicity']) {
  const found = new Map()
  for (const check of set.before.filter(one => names.includes(one.check))) {
    const guard = createTextGuard({ checks: [check], replace: ({ kind }) => `[${kind}]` })
    const rewritten = guard.push(text) + guard.end()
    if (guard.found.size > 0) found.set(check.check, rewritten)
  }
  return found
}

/** Wilson's interval of a share at 95 %. */
function interval(hits, count) {
  const z = 1.96
  const share = hits / count
  const centre = share + z ** 2 / (2 * count)
  const spread = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))
  const scale = 1 + z ** 2 / count
  return [Math.max(0, (centre - spread) / scale), (centre + spread) / scale]
}

const percent = share => `${(share * 100).toFixed(1)} %`
const show = (hits, count) => {
  const [low, high] = interval(hits, count)
  return `${hits} of ${count} = ${percent(hits / count)} (${percent(low)}–${percent(high)})`
}
const report = { detection: {}, falsePositives: {}, time: {} }

const groups = new Map()
for (const { check, kind, text, value } of values.findings.flatMap(linesOf)) {
  const name = `${check} ${kind}`
  const group = groups.get(name) ?? { hits: 0, whole: 0, count: 0 }
  const rewritten = lookAt(text, [check]).get(check)
  group.count += 1
  if (rewritten !== undefined) group.hits += 1
  if (value !== undefined && rewritten !== undefined && !rewritten.includes(value)) group.whole += 1
  if (rewritten === undefined && values.show === name) console.log(JSON.stringify(text.slice(0, 300)))
  groups.set(name, group)
}
for (const [name, { hits, count }] of groups) {
  report.detection[name] = { hits, count, interval: interval(hits, count) }
  console.log(`found   ${name.padEnd(34)} ${show(hits, count)}`)
}

for (const path of values.benign) {
  const texts = linesOf(path).map(row => row.content.map(part => part.text ?? '').join('\n'))
  const hits = new Map()
  for (const text of texts) {
    for (const check of lookAt(text).keys()) {
      hits.set(check, (hits.get(check) ?? 0) + 1)
      if (values.show === `wrong ${check}`) {
        const guard = createTextGuard({
          checks: set.before.filter(one => one.check === check),
          replace: ({ kind }, data) => `⟦${kind} ${data}⟧`,
        })
        const out = guard.push(text) + guard.end()
        console.log(JSON.stringify(out.match(/.{0,30}⟦[^⟧]*⟧.{0,20}/su)?.[0] ?? out.slice(0, 300)))
      }
    }
  }
  const file = path.split('/').at(-1)
  for (const { check } of set.before) {
    const wrong = hits.get(check) ?? 0
    report.falsePositives[`${file} ${check}`] = {
      hits: wrong,
      count: texts.length,
      interval: interval(wrong, texts.length),
    }
    console.log(`wrong   ${`${file} ${check}`.padEnd(34)} ${show(wrong, texts.length)}`)
  }
  const times = texts.map(text => {
    const startedAt = performance.now()
    const guard = createTextGuard({ checks: set.before, replace: ({ kind }) => `[${kind}]` })
    guard.push(text)
    guard.end()
    return performance.now() - startedAt
  })
  const sorted = times.toSorted((a, b) => a - b)
  const at = share => sorted[Math.floor(share * (sorted.length - 1))]
  report.time[file] = {
    p50: at(0.5),
    p99: at(0.99),
    characters: texts.reduce((sum, text) => sum + text.length, 0) / texts.length,
  }
  console.log(`time    ${file.padEnd(34)} p50 ${at(0.5).toFixed(3)} ms, p99 ${at(0.99).toFixed(3)} ms`)
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 1)}\n`)
