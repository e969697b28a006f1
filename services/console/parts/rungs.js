import { html } from '../core/html.js'
import { live } from '../core/live.js'
import { percent, usd, words } from '../core/format.js'

/** Place of a rung on its ladder, from 0; colours go by it. */
export function placeOf(model, ladderName) {
  const own = live.ladders.find(ladder => ladder.name === ladderName)
  const ladder = own ?? live.ladders.find(one => one.rungs.some(rung => rung.name === model))
  const place = ladder?.rungs.findIndex(rung => rung.name === model) ?? -1
  return Math.max(0, place)
}

/** The class of a rung's colour. */
export function colourOf(model, ladderName) {
  return `rung-${Math.min(4, placeOf(model, ladderName))}`
}

const marks = { accepted: '✓', escalated: '↑', failed: '×', skipped: '–', running: '…' }

/** The way of a request up its ladder. */
export function Path({ legs, ladder, model }) {
  if (legs.length === 0) return html`<span class="muted">not begun</span>`
  return html`
    <ol class="path" aria-label="Rungs called">
      ${legs.map(
        leg => html`
          <li class=${`${colourOf(leg.model, ladder)} ${leg.verdict}`} title=${titleOf(leg)}>
            <b>${leg.model}</b><i aria-hidden="true">${leg.model === model ? '✓' : marks[leg.verdict]}</i>
            <span class="hidden">${leg.model === model ? 'answered' : leg.verdict}</span>
          </li>
        `,
      )}
    </ol>
  `
}

function titleOf({ model, tier, verdict, confidence, costNanoUsd }) {
  const trust = confidence === null ? '' : `, P(correct) ${percent(confidence)}`
  return `${model} (${tier}): ${verdict}${trust}, ${usd(costNanoUsd)}`
}

/** A share of one, as a bar with its number. */
export function Meter({ ratio, label, tone = '' }) {
  if (ratio === null || ratio === undefined) return html`<span class="muted">–</span>`
  return html`
    <span class=${`meter ${tone}`} title=${label}>
      <svg viewBox="0 0 40 6" width="40" height="6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="40" height="6" rx="3" />
        <rect class="fill" width=${Math.max(2, Math.min(1, ratio) * 40)} height="6" rx="3" />
      </svg>
      ${percent(ratio)}
    </span>
  `
}

/** How a request stands. */
export function StateBadge({ request }) {
  if (request.state === 'running') return html`<span class="badge running">running</span>`
  if (request.state === 'failed')
    return html`<span class="badge bad" title=${request.code}>${request.code ?? 'failed'}</span>`
  if (request.state === 'cancelled') return html`<span class="badge">cancelled</span>`
  if (request.degraded !== null) {
    return html`<span class="badge warn" title="An answer of less quality than was asked for"
      >degraded: ${words(request.degraded)}</span
    >`
  }
  if (request.outOfDomain)
    return html`<span class="badge warn" title="Unlike what the policy was fitted on">out of domain</span>`
  return null
}
