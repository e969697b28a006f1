import { html } from '../core/html.js'
import { number, percent, plural } from '../core/format.js'
import { Chart } from './chart.js'

/** Whether P(correct) was true of the latest outcomes. */
export function Calibration({ drift }) {
  const sources = drift.calibration
  if (sources.length === 0) {
    return html`<section class="panel">
      <header><h2>Is P(correct) true?</h2></header>
      <p class="empty">No outcome yet: feedback and shadow calls bring them (<code>learning.shadowShare</code>).</p>
    </section>`
  }
  return html`
    <section class="panel">
      <header>
        <h2>Is P(correct) true?</h2>
        <p class="muted small">outcomes of this router</p>
      </header>
      <${Reliability} sources=${sources} />
      ${sources.map(
        ({ source, outcomes, gap, gapError, error }) => html`
          <p class="small">
            <b>${source}</b>:
            ${plural(outcomes, 'outcome')}${`; trusts ${percent(Math.abs(gap))} too ${gap >= 0 ? 'much' : 'little'} (± ${percent(1.96 * gapError)}); calibration error ${percent(error)}`}
          </p>
        `,
      )}
    </section>
  `
}

/** What was said against what came: on the diagonal a policy is true. */
export function Reliability({ sources }) {
  return html`
    <${Chart}
      name="Reliability: P(correct) against the observed share"
      x=${{ name: 'P(correct) said', show: value => percent(value, 0), from: 0, to: 1 }}
      y=${{ name: 'share that was right', show: value => percent(value, 0), from: 0, to: 1 }}
      series=${[
        {
          name: 'true',
          kind: 'dashed',
          tone: 'muted',
          points: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
        ...sources.map(({ source, reliability }, at) => ({
          name: source,
          kind: 'points',
          tone: at === 0 ? 'accent' : 'good',
          points: reliability.map(({ predicted, observed, count }) => ({
            x: predicted,
            y: observed,
            size: Math.min(12, 3 + Math.sqrt(count)),
            label: `predicted ${percent(predicted)}, observed ${percent(observed)}, ${plural(count, 'answer')}`,
          })),
        })),
      ]}
    />
  `
}

/** How far inputs have moved from those of the fit. */
export function Drift({ drift }) {
  return html`
    <section class="panel">
      <header>
        <h2>Have inputs moved?</h2>
        <p class="muted small">${plural(drift.requests, 'request')} in the window</p>
      </header>
      ${
        drift.features.length === 0
          ? html`<p class="empty">Fewer than 200 requests tell nothing of ten bins.</p>`
          : html`<ul class="drift">
                ${drift.features.map(
                  ({ feature, psi }) => html`
                    <li class=${psi > 0.25 ? 'bad' : psi > 0.1 ? 'warn' : ''}>
                      <span>${feature}</span>
                      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                        <rect class="track" width="100" height="8" rx="4" />
                        <rect class="fill" width=${Math.min(100, psi * 200)} height="8" rx="4" />
                      </svg>
                      <b>${number(psi, 2)}</b>
                    </li>
                  `,
                )}
              </ul>
              <p class="muted small">Population stability index: under 0.1 nothing, over 0.25 another population.</p>`
      }
    </section>
  `
}
