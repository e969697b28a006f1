import { html } from '../core/html.js'
import { duration, percent, usd, words } from '../core/format.js'
import { Path } from './rungs.js'

/** One run of a request in the playground, as it goes. */
export function RunColumn({ name, hint, run }) {
  const { answer, failure, legs = [], text = '', reasoning = '', decision } = run
  const ladder = decision?.ladder
  return html`
    <article class="panel run" aria-busy=${answer === undefined && failure === undefined}>
      <header>
        <h3>${name}</h3>
        <p class="muted small">${hint}</p>
      </header>
      <${Path} legs=${legs} ladder=${ladder} model=${answer?.model} />
      ${
        reasoning !== '' &&
        html`<details>
          <summary class="muted small">Reasoning</summary>
          <blockquote>${reasoning}</blockquote>
        </details>`
      }
      ${answer?.picture !== undefined && html`<img class="drawn" src=${answer.picture} alt="The picture that the model made" />`}
      ${
        answer?.labels === undefined
          ? html`<blockquote class="answer" aria-live="polite">${answer?.text ?? text}</blockquote>`
          : html`<${Labels} labels=${answer.labels} />`
      }
      ${failure !== undefined && html`<p class="notice bad" role="alert">${failure}</p>`}
      ${answer?.degraded !== undefined && html`<p class="notice warn">Degraded: ${words(answer.degraded)}</p>`}
      <dl class="three">
        <div>
          <dt>P(correct)</dt>
          <dd>${percent(answer?.confidence)}</dd>
        </div>
        <div>
          <dt>cost</dt>
          <dd>${usd(answer?.costNanoUsd)}</dd>
        </div>
        <div>
          <dt>took</dt>
          <dd>${duration(answer?.latencyMs)}</dd>
        </div>
      </dl>
      ${answer !== undefined && html`<a class="small" href=${`#/requests/${answer.id}`}>Everything about it</a>`}
    </article>
  `
}

function Labels({ labels }) {
  return html`
    <dl class="labels">
      ${labels.map(
        ({ label, score }) => html`
          <div>
            <dt>${label}</dt>
            <dd>
              <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" width="100" height="8" rx="4" />
                <rect class="fill" width=${score * 100} height="8" rx="4" />
              </svg>
              ${percent(score)}
            </dd>
          </div>
        `,
      )}
    </dl>
  `
}
