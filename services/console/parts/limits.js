import { html } from '../core/html.js'
import { dollars, percent } from '../core/format.js'

const costs = [
  1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1,
]
const risks = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2]

/** No limit at all: the last step of each slider. */
export const noLimits = { cost: costs.length, risk: risks.length }

/** Limits of a request as the headers that every client has. */
export function limitHeaders({ cost, risk }) {
  return {
    ...(cost < costs.length ? { 'x-sluice-max-cost-usd': costs[cost].toFixed(9) } : {}),
    ...(risk < risks.length ? { 'x-sluice-max-risk': String(risks[risk]) } : {}),
  }
}

/** Sliders for the most that it may cost and risk. */
export function Limits({ limits, change }) {
  const { cost, risk } = limits
  const costText = cost < costs.length ? dollars(costs[cost]) : 'no limit'
  const riskText = risk < risks.length ? percent(risks[risk]) : 'no limit'
  return html`
    <div class="limits">
      <label for="cost">Most it may cost <output>${costText}</output></label>
      <input
        id="cost"
        type="range"
        min="0"
        max=${costs.length}
        value=${cost}
        aria-valuetext=${costText}
        onInput=${event => change({ ...limits, cost: Number(event.target.value) })}
      />
      <label for="risk">Most it may risk <output>${riskText}</output></label>
      <input
        id="risk"
        type="range"
        min="0"
        max=${risks.length}
        value=${risk}
        aria-valuetext=${riskText}
        onInput=${event => change({ ...limits, risk: Number(event.target.value) })}
      />
    </div>
  `
}
