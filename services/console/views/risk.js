import { useEffect, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { dollars, percent, plural, words } from '../core/format.js'
import { Chart } from '../parts/chart.js'
import { Replay } from '../parts/replay.js'
import { Calibration, Drift } from '../parts/truth.js'

const everyMs = 15_000

/** What each policy promises, and how true it is lately. */
export function Risk() {
  const [state, setState] = useState({})
  const [chosen, setChosen] = useState(undefined)
  useEffect(() => {
    const leaving = new AbortController()
    const load = () =>
      ask('policies', { signal: leaving.signal }).then(
        ({ ladders }) => setState({ ladders }),
        error => leaving.signal.aborted || setState({ error }),
      )
    void load()
    const timer = setInterval(load, everyMs)
    return () => {
      leaving.abort()
      clearInterval(timer)
    }
  }, [])
  if (state.error !== undefined) return html`<p class="refusal" role="alert">${state.error.message}</p>`
  if (state.ladders === undefined) return html`<p class="waiting">…</p>`
  const fitted = state.ladders.filter(ladder => ladder.policy !== null)
  const plain = state.ladders.filter(ladder => ladder.policy === null)
  const ladder = fitted.find(one => one.name === chosen) ?? fitted[0]
  return html`
    <h1>Cost and risk</h1>
    ${
      fitted.length > 1 &&
      html`<div class="segments wrap" role="group" aria-label="Ladder">
        ${fitted.map(({ name }) => html`<button aria-pressed=${name === ladder.name} onClick=${() => setChosen(name)}>${name}</button>`)}
      </div>`
    }
    ${ladder === undefined ? html`<p class="empty">No ladder has a fitted policy: <code>sluice calibrate</code> makes one.</p>` : html`<${Ladder} key=${ladder.name} ladder=${ladder} />`}
    ${plain.length > 0 && html`<p class="muted small">Without a fitted policy: ${plain.map(({ name }) => name).join(', ')}</p>`}
  `
}

function Ladder({ ladder }) {
  const { policy, version, drift, shadow } = ladder
  return html`
    <p class="muted">
      ${policy.models.map(({ model }) => model).join(' → ')} · policy <code>${version}</code>
      ${shadow !== null && html` · in shadow <code>${shadow}</code>`}
      ${` · fitted on ${plural(policy.rows, 'row')} of ${policy.datasets.join(', ')}`}
    </p>
    <${Limit} policy=${policy} ladder=${ladder.name} />
    <div class="columns">
      <${Calibration} drift=${drift} />
      <${Drift} drift=${drift} />
    </div>
  `
}

function Limit({ policy, ladder }) {
  const [limit, setLimit] = useState(0.02)
  const { models, curve, risk } = policy
  const money = value => (policy.costsKnown ? dollars(value) : percent(value))
  const [small, large] = [models[0], models.at(-1)]
  const ends = [small, large].map(({ model, costUsd, score }) => ({
    x: costUsd,
    y: score,
    label: `always ${model}: ${percent(score)} for ${money(costUsd)}`,
  }))
  const point = certified(risk.path, limit)
  const chosen = curve[policy.chosen]
  const least = Math.min(...risk.path.map(({ riskBound }) => riskBound))
  return html`
    <div class="columns">
      <section class="panel">
        <header>
          <h2>Cost against score</h2>
          <p class="muted small">on the rows of the fit</p>
        </header>
        <${Chart}
          name=${`Cost against score of ${ladder}`}
          x=${{ name: policy.costsKnown ? 'mean cost of a request' : 'share of calls to the most expensive', show: money, from: 0 }}
          y=${{ name: 'mean score', show: value => percent(value, 0) }}
          series=${[
            { name: 'random mix', kind: 'dashed', tone: 'muted', points: ends },
            {
              name: 'always one model',
              kind: 'points',
              tone: 'muted',
              points: models.map(({ model, costUsd, score }) => ({
                x: costUsd,
                y: score,
                label: `always ${model}: ${percent(score)} for ${money(costUsd)}`,
              })),
            },
            {
              name: 'policy',
              kind: 'line',
              tone: 'accent',
              points: curve.map(({ meanCostUsd, meanScore, escalationRatio }) => ({
                x: meanCostUsd,
                y: meanScore,
                label: `${percent(meanScore)} for ${money(meanCostUsd)}, ${percent(escalationRatio)} escalate`,
              })),
            },
            {
              name: 'runs here',
              kind: 'mark',
              tone: 'good',
              points: [{ x: chosen.meanCostUsd, y: chosen.meanScore, label: policy.rule }],
            },
          ]}
        />
      </section>
      <section class="panel">
        <header><h2>Cost against certified risk</h2></header>
        <${Chart}
          name=${`Cost against certified risk of ${ladder}`}
          x=${{ name: 'bound on the marginal risk', show: value => percent(value), from: 0 }}
          y=${{ name: 'mean cost', show: money, from: 0 }}
          series=${[
            {
              name: 'certified plans',
              kind: 'points',
              tone: 'accent',
              points: risk.path
                .filter(one => one.riskBound <= Math.max(0.25, least * 2))
                .toSorted((one, other) => one.riskBound - other.riskBound)
                .map(one => ({
                  x: one.riskBound,
                  y: one.meanCostUsd,
                  size: 2.5,
                  label: `at most ${percent(one.riskBound)} for ${money(one.meanCostUsd)}`,
                })),
            },
            {
              name: `limit ${percent(limit)}`,
              kind: 'mark',
              tone: point === undefined ? 'bad' : 'good',
              points:
                point === undefined ? [] : [{ x: point.riskBound, y: point.meanCostUsd, label: 'the certified point' }],
            },
          ]}
        />
        <label for="limit" class="plain">What if the limit were${' '}<output>${percent(limit)}</output>?</label>
        <input
          id="limit"
          type="range"
          min="0.005"
          max="0.2"
          step="0.005"
          value=${limit}
          aria-valuetext=${percent(limit)}
          onInput=${event => setLimit(Number(event.target.value))}
        />
        <p>
          ${
            point === undefined
              ? `No cheaper plan is certified for it (the least bound is ${percent(least)}): every request would go to ${large.model}, for ${money(large.costUsd)}.`
              : `Certified with probability ${percent(1 - risk.delta)}: ${money(point.meanCostUsd)} a request, ${percent(saved(point.meanCostUsd, large.costUsd))} less than always ${large.model}; ${percent(point.escalationRatio)} escalate, ${percent(point.selectiveRisk)} of the accepted were lost.`
          }
        </p>
        <p class="muted small">
          ${words(risk.method)}, on ${plural(risk.certifyingRows, 'row')} that took no part in the fit.
        </p>
      </section>
    </div>
    <${Replay} ladder=${ladder} limit=${limit} money=${money} />
  `
}

/** The last plan of the path whose bound, and that of every one before it, holds the limit. */
function certified(path, limit) {
  const over = path.findIndex(({ riskBound }) => riskBound > limit)
  return over < 0 ? path.at(-1) : path[over - 1]
}

function saved(cost, of) {
  return of === 0 ? 0 : 1 - cost / of
}
