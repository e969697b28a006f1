import { html } from '../core/html.js'
import { duration, percent, usd, words } from '../core/format.js'
import { colourOf } from './rungs.js'

/** Every rung of a ladder with what was predicted of it, and what took it out. */
export function Candidates({ candidates, ladder, firstRung }) {
  return html`
    <table class="figures list">
      <thead>
        <tr>
          <th scope="col">rung</th>
          <th scope="col">P(correct)</th>
          <th scope="col">cost</th>
          <th scope="col">worst case</th>
          <th scope="col">service</th>
          <th scope="col">wait</th>
          <th scope="col">what the filters say</th>
        </tr>
      </thead>
      <tbody>
        ${candidates.map(
          one => html`
            <tr class=${one.removedBy === undefined ? '' : 'removed'}>
              <th scope="row" data-name="rung" class=${colourOf(one.model, ladder)}>
                <i class="swatch"></i>${one.model}<small>${one.tier}</small>
              </th>
              <td data-name="P(correct)">${percent(one.quality)}</td>
              <td data-name="cost">${usd(one.costNanoUsd)}</td>
              <td data-name="worst case">${usd(one.reserveNanoUsd)}</td>
              <td data-name="service">${duration(one.latencyMs)}</td>
              <td data-name="wait">${duration(one.waitMs)}</td>
              <td data-name="filters" class="wrap">
                ${
                  one.removedBy === undefined
                    ? one.model === firstRung
                      ? html`<span class="badge good">first step</span>`
                      : html`<span class="muted">on the ladder</span>`
                    : html`<span class="badge">${words(one.removedBy)}</span> ${one.removedWhy}`
                }
              </td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `
}

/** Features of an input, the largest groups first. */
export function Features({ features }) {
  const entries = Object.entries(features)
  if (entries.length === 0)
    return html`<p class="empty">The ladder has no fitted policy, so nothing was measured of the input.</p>`
  return html`
    <dl class="features">
      ${entries.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${Number(value.toPrecision(4))}</dd>
          </div>`,
      )}
    </dl>
  `
}
