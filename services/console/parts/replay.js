import { useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { percent, plural } from '../core/format.js'

/** What a limit would have done to the requests that were recorded here. */
export function Replay({ ladder, limit, money }) {
  const [state, setState] = useState({})
  const run = async () => {
    setState({ isBusy: true })
    try {
      setState({ report: await ask('replay', { method: 'POST', body: { ladder, maxRisk: limit } }) })
    } catch (error) {
      setState({ error })
    }
  }
  const { isBusy, error, report } = state
  return html`
    <section class="panel" aria-busy=${isBusy === true}>
      <header>
        <h2>On the requests recorded here</h2>
        <button onClick=${run} disabled=${isBusy}>${isBusy ? 'Replaying …' : `Replay under ${percent(limit)}`}</button>
      </header>
      ${error !== undefined && html`<p class="notice" role="alert">${error.message}</p>`}
      ${report === undefined && error === undefined && html`<p class="muted small">Recorded outcomes are replayed by the policy that decides now, in a process of its own.</p>`}
      ${report !== undefined && html`<${Report} report=${report} money=${money} />`}
    </section>
  `
}

function Report({ report, money }) {
  const { rows, recorded, risks, chosen, alone, ece, slices, warnings } = report
  const large = alone.at(-1)
  const lines = [
    ...alone.map(({ model, meanCostUsd, meanScore }) => ({
      name: `always ${model}`,
      meanCostUsd,
      score: percent(meanScore),
    })),
    {
      name: 'as it runs',
      meanCostUsd: chosen.costUsd.value,
      score: percent(chosen.score.value),
      risk: chosen.marginalRisk.value,
      selective: chosen.selectiveRisk.value,
    },
    ...risks.map(({ maxRisk, marginalRisk, selectiveRisk, meanCostUsd, certified }) => ({
      name: `limit ${percent(maxRisk)}${certified ? '' : ' (nothing certified)'}`,
      meanCostUsd,
      risk: marginalRisk,
      selective: selectiveRisk,
    })),
  ]
  return html`
    <p class="small">
      ${`${plural(rows, 'request')} of ${recorded} recorded have a score of every model. Calibration error ${percent(ece.value)}.`}
    </p>
    <table class="figures list">
      <thead>
        <tr>
          <th scope="col">what if</th>
          <th scope="col">cost a request</th>
          <th scope="col">against ${large.model}</th>
          <th scope="col">score</th>
          <th scope="col">marginal risk</th>
          <th scope="col">selective risk</th>
        </tr>
      </thead>
      <tbody>
        ${lines.map(
          ({ name, meanCostUsd, score, risk, selective }) => html`
            <tr>
              <th scope="row" data-name="what if">${name}</th>
              <td data-name="cost">${money(meanCostUsd)}</td>
              <td data-name="against">${large.meanCostUsd === 0 ? '–' : percent(meanCostUsd / large.meanCostUsd)}</td>
              <td data-name="score">${score ?? '–'}</td>
              <td data-name="marginal risk">${percent(risk)}</td>
              <td data-name="selective risk">${percent(selective)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
    <h3>By tenant, as it runs</h3>
    <table class="figures list">
      <thead>
        <tr>
          <th scope="col">tenant</th>
          <th scope="col">requests</th>
          <th scope="col">always small</th>
          <th scope="col">policy</th>
          <th scope="col">always large</th>
          <th scope="col">escalated</th>
          <th scope="col">lost</th>
        </tr>
      </thead>
      <tbody>
        ${slices.map(
          slice => html`
            <tr>
              <th scope="row" data-name="tenant">${slice.name}</th>
              <td data-name="requests">${slice.rows}</td>
              <td data-name="small">${percent(slice.small)}</td>
              <td data-name="policy">
                ${percent(slice.policy.value)}<small
                  >${`${percent(slice.policy.low)} to ${percent(slice.policy.high)}`}</small
                >
              </td>
              <td data-name="large">${percent(slice.large)}</td>
              <td data-name="escalated">${percent(slice.escalationRatio)}</td>
              <td data-name="lost">${slice.losses}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
    ${warnings.map(warning => html`<p class="muted small">Note: ${warning}.</p>`)}
  `
}
