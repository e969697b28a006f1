import type { CurvePoint, EvalReport, Figure } from '#services/calibrate/report'
import { drawChart, escaped } from './chart.ts'
import { pageStyle } from './page-style.ts'

/** Writes the report as one page: no script, no font, no picture from elsewhere. */
export function writeReportPage(report: EvalReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice: policy ${escaped(report.policy)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
${[head, costAndQuality, beforeTheCall, trust, whoEscalates, risk, slices, mistakes].map(write => write(report)).join('\n')}
</main>
</body>
</html>
`
}

function head(report: EvalReport): string {
  const { chosen, alone } = report
  const mostExpensive = alone.at(-1)
  const saved =
    mostExpensive === undefined || mostExpensive.meanCostUsd === 0
      ? 0
      : 1 - chosen.costUsd.value / mostExpensive.meanCostUsd
  const cards = [
    ['score', percent(chosen.score.value), between(chosen.score, percent)],
    [
      report.costsKnown ? 'saved against the most expensive' : 'fewer calls to the most expensive',
      percent(saved),
      `${money(chosen.costUsd.value, report)} a request`,
    ],
    ['given up against the most expensive', percent(chosen.marginalRisk.value), between(chosen.marginalRisk, percent)],
    ['calibration error', percent(report.ece.value), between(report.ece, percent)],
  ]
  return `<header>
<h1>How well the cascade decides</h1>
<p>${escaped(report.models.join(' → '))} · ${report.rows} rows · policy <code>${escaped(report.policy)}</code> · brackets are 95 % intervals</p>
${report.fittedOn ? '<p class="warning">The policy was fitted on these very rows: every figure flatters it.</p>' : ''}
<div class="cards">${cards.map(([name, value, range]) => `<div><b>${value}</b><span>${escaped(name ?? '')}</span><small>${range}</small></div>`).join('')}</div>
</header>`
}

function costAndQuality(report: EvalReport): string {
  const ends = [report.alone[0], report.alone.at(-1)].flatMap(one => one ?? [])
  const chart = drawChart({
    title: 'Cost against score',
    x: report.costsKnown ? 'mean cost of a request' : 'share of calls to the most expensive model',
    y: 'mean score',
    showX: value => money(value, report),
    showY: percent,
    series: [
      { name: 'random mix', kind: 'dashed', colour: 3, points: ends.map(positionOf) },
      { name: 'policy', kind: 'line', colour: 1, points: report.curve.map(positionOf) },
      {
        name: 'as it runs without limits',
        kind: 'dots',
        colour: 1,
        points: [[report.chosen.costUsd.value, report.chosen.score.value]],
      },
      {
        name: 'one model always',
        kind: 'dots',
        colour: 2,
        points: report.alone.map(positionOf),
        labels: report.alone.map(one => one.model),
      },
      { name: 'oracle', kind: 'dots', colour: 4, points: [positionOf(report.oracle)], labels: ['oracle'] },
    ],
  })
  const { aiq } = report
  return section(
    'Cost against score',
    `<p>Between the costs of ${escaped(ends[0]?.model ?? '')} and ${escaped(ends.at(-1)?.model ?? '')} the policy scores ${figure(aiq.policy)} on average (AIQ); mixing those two at random scores ${figure(aiq.randomMix)}: a gain of ${figure(aiq.gain)}.</p>${chart}`,
  )
}

function positionOf({ meanCostUsd, meanScore }: CurvePoint): readonly [number, number] {
  return [meanCostUsd, meanScore]
}

function beforeTheCall({ routers }: EvalReport): string {
  const rows = routers.map(one => [escaped(one.name), figure(one.apgr), figure(one.cpt50), figure(one.cpt80)])
  return section(
    'Before any call',
    `<p>How well a router chooses between the cheapest and the most expensive model from the request alone. APGR is the share of the gap between them that is closed, averaged over all shares of calls; CPT is the share of calls to the most expensive that closes half, and four fifths, of the gap (less is better).</p>${table(['router', 'APGR', 'CPT 50 %', 'CPT 80 %'], rows)}`,
  )
}

function trust({ reliability, ece, eceOfChance }: EvalReport): string {
  const chart = drawChart({
    title: 'Reliability',
    x: 'P(correct) that the policy gave',
    y: 'share that was correct',
    showX: percent,
    showY: percent,
    unit: true,
    series: [
      {
        name: 'perfect',
        kind: 'dashed',
        colour: 3,
        points: [
          [0, 0],
          [1, 1],
        ],
      },
      {
        name: 'answers that were seen',
        kind: 'line',
        colour: 1,
        points: reliability.map(bin => [bin.predicted, bin.observed] as const),
      },
    ],
  })
  return section(
    'What a confidence is worth',
    `<p>Of answers that were given 80 %, eight in ten should be right. The mean distance from that, over 15 bins, is ${figure(ece)}; with as many answers a perfect calibrator would show ${eceOfChance.toFixed(3)} by chance.</p>${chart}`,
  )
}

function whoEscalates({ paths }: EvalReport): string {
  const rows = paths.map(path => [escaped(path.calls), bar(path.share), percent(path.score)])
  return section(
    'What escalates',
    `<p>The answer in brackets was delivered.</p>${table(['calls', 'share', 'score'], rows)}`,
  )
}

function risk(report: EvalReport): string {
  const rows = report.risks.map(one => [
    percent(one.maxRisk),
    one.certified ? 'yes' : 'no: everything escalates',
    percent(one.marginalRisk),
    percent(one.selectiveRisk),
    money(one.meanCostUsd, report),
  ])
  return section(
    'Under a risk limit',
    `<p>A loss is a cheaper model's wrong answer where the most expensive model's is right. Marginal risk counts losses among all requests, selective risk among those that a cheaper model answered.</p>${table(['limit', 'certified', 'marginal', 'selective', 'cost'], rows)}`,
  )
}

function slices(report: EvalReport): string {
  const { slicing } = report
  const { delta } = slicing
  const rows = report.slices.map(one => [
    escaped(one.name === '' ? '(none)' : one.name),
    String(one.rows),
    percent(one.small),
    percent(one.large),
    `${percent(one.policy.value)} <small>${between(one.policy, percent)}</small>`,
    `${percent(one.escalation.value)} <small>${between(one.escalation, percent)}</small>`,
    `${money(one.costUsd.value, report)} <small>${between(one.costUsd, value => money(value, report))}</small>`,
    `${percent(one.risk.value)} <small>${between(one.risk, percent)}</small>`,
    one.warning === undefined ? '' : `<span class="warning">${one.warning} ${percent(slicing.limit)}</span>`,
    ...(delta === undefined ? [] : [`≤ ${percent(one.riskBound ?? 1)}: ${one.isCertified === true ? 'yes' : 'no'}`]),
  ])
  const names = [slicing.by, 'rows', 'cheapest', 'most expensive', 'policy', 'escalated', 'cost', 'risk', 'warning']
  const limit = slicing.isLimitOfCaller
    ? `Decided under a limit on the risk of ${percent(slicing.limit)}, which every slice is held to.`
    : `Each slice is compared with the risk of all rows, ${percent(slicing.limit)}.`
  const certificate =
    delta === undefined
      ? ''
      : ` With chance ${percent(1 - delta)} all bounds of the last column hold at once, on requests drawn as these rows were.`
  return section(
    `Slices by ${slicing.by}`,
    `<p>${limit} It exceeds where chance does not explain it in any of them (5 % over all slices).${certificate}</p>${table([...names, ...(delta === undefined ? [] : ['certified'])], rows)}`,
  )
}

function mistakes(report: EvalReport): string {
  const rows = report.mistakes.map(one => [
    `<code>${escaped(one.id)}</code>`,
    escaped(one.group),
    escaped(one.model),
    percent(one.confidence),
    escaped(one.excerpt),
  ])
  const words =
    rows.length === 0 ? '<p>None.</p>' : table(['row', 'group', 'answered by', 'P(correct)', 'begins'], rows)
  return section('Worst mistakes', `<p>Trusted most and wrong, while the most expensive model was right.</p>${words}`)
}

function section(title: string, content: string): string {
  return `<section><h2>${escaped(title)}</h2>${content}</section>`
}

/** Cells are HTML already. */
function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<div class="wide"><table><thead><tr>${names.map(name => `<th>${escaped(name)}</th>`).join('')}</tr></thead><tbody>${rows.map(line).join('')}</tbody></table></div>`
}

function line(cells: readonly string[]): string {
  return `<tr>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`
}

function bar(share: number): string {
  return `<span class="bar"><i style="width:${(100 * share).toFixed(1)}%"></i></span>${percent(share)}`
}

function figure(value: Figure): string {
  return `${show(value.value)} <small>${between(value, show)}</small>`
}

function show(number: number): string {
  return Number.isFinite(number) ? number.toFixed(3) : '–'
}

function between({ low, high }: Figure, inWords: (value: number) => string): string {
  return `[${inWords(low)}, ${inWords(high)}]`
}

function percent(value: number): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : '–'
}

function money(usd: number, { costsKnown }: Pick<EvalReport, 'costsKnown'>): string {
  return costsKnown ? `$${Number(usd.toPrecision(3))}` : percent(usd)
}
