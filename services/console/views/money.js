import { useEffect, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { dateTime, duration, percent, time, usd } from '../core/format.js'
import { Keys } from '../parts/keys.js'

const everyMs = 5000

/** What was spent, what is held, what may still be spent; and keys. */
export function Money({ session }) {
  const [state, setState] = useState({})
  useEffect(() => {
    const leaving = new AbortController()
    const load = () =>
      ask('money', { signal: leaving.signal }).then(
        money => setState({ money }),
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
  if (state.money === undefined) return html`<p class="waiting">…</p>`
  const { money } = state
  return html`
    <h1>Money</h1>
    ${!money.isOpen && html`<p class="notice bad">The ledger's data is gone: <code>sluice budget restore</code>.</p>`}
    <${Budgets} money=${money} />
    <div class="columns">
      ${['tenant', 'ladder', 'model'].map(kind => html`<${Spend} kind=${kind} lines=${money.totals[kind]} since=${money.since} />`)}
    </div>
    <${Holds} money=${money} />
    <${Keys} session=${session} tenants=${money.tenants.map(({ name }) => name)} />
  `
}

function Budgets({ money }) {
  const rows = [
    ...money.shared.map(budget => ({ owner: 'all tenants', budget })),
    ...money.tenants.flatMap(({ name, budgets }) => budgets.map(budget => ({ owner: name, budget }))),
  ].filter(({ budget }) => budget.limitNanoUsd !== null || budget.spentNanoUsd > 0 || budget.reservedNanoUsd > 0)
  return html`
    <section class="panel">
      <header>
        <h2>Budgets</h2>
        <p class="muted small">
          of the whole deployment${money.request === null ? '' : `; one request at most ${usd(money.request.nanoUsd)}`}
        </p>
      </header>
      <table class="figures list">
        <thead>
          <tr>
            <th scope="col">whose</th>
            <th scope="col">window</th>
            <th scope="col">used</th>
            <th scope="col">spent</th>
            <th scope="col">held</th>
            <th scope="col">left</th>
            <th scope="col">limit</th>
            <th scope="col">starts again</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ owner, budget }) => html`
              <tr>
                <th scope="row" data-name="whose">${owner}</th>
                <td data-name="window">
                  ${budget.scope}${budget.shadow ? html` <span class="badge">watched</span>` : ''}
                </td>
                <td data-name="used"><${Used} budget=${budget} /></td>
                <td data-name="spent">${usd(budget.spentNanoUsd)}</td>
                <td data-name="held">${usd(budget.reservedNanoUsd)}</td>
                <td data-name="left">${usd(budget.remainingNanoUsd)}</td>
                <td data-name="limit">${usd(budget.limitNanoUsd)}</td>
                <td data-name="again">${duration(budget.resetsAt - money.now)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
  `
}

function Used({ budget: { limitNanoUsd, spentNanoUsd, reservedNanoUsd } }) {
  if (limitNanoUsd === null || limitNanoUsd === 0) return html`<span class="muted">no limit</span>`
  const spent = Math.min(1, spentNanoUsd / limitNanoUsd)
  const held = Math.min(1 - spent, reservedNanoUsd / limitNanoUsd)
  return html`
    <span class=${`meter ${spent + held > 0.9 ? 'warn' : ''}`} title="spent and held">
      <svg viewBox="0 0 80 8" width="80" height="8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="80" height="8" rx="4" />
        <rect class="held" x=${spent * 80} width=${held * 80} height="8" />
        <rect class="fill" width=${Math.max(spent > 0 ? 2 : 0, spent * 80)} height="8" rx="4" />
      </svg>
      ${percent(spent + held)}
    </span>
  `
}

function Spend({ kind, lines, since }) {
  const most = Math.max(1, ...lines.map(line => line.nanoUsd))
  return html`
    <section class="panel">
      <header>
        <h2>Spend by ${kind}</h2>
        <p class="muted small">this router, since ${time(since)}</p>
      </header>
      ${
        lines.length === 0
          ? html`<p class="empty">Nothing yet.</p>`
          : html`<ul class="drift">
              ${lines.slice(0, 12).map(
                ({ name, requests, nanoUsd }) => html`
                  <li>
                    <span title=${`${requests} requests`}>${name.replace(/^pin:/u, 'pinned ')}</span>
                    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                      <rect class="track" width="100" height="8" rx="4" />
                      <rect class="fill" width=${(nanoUsd / most) * 100} height="8" rx="4" />
                    </svg>
                    <b>${usd(nanoUsd)}</b>
                  </li>
                `,
              )}
            </ul>`
      }
    </section>
  `
}

function Holds({ money }) {
  return html`
    <section class="panel">
      <header>
        <h2>Holds</h2>
        <p class="muted small">money reserved for requests under way</p>
      </header>
      ${
        money.holds.length === 0
          ? html`<p class="muted">Nothing is held now.</p>`
          : html`<table class="figures list">
              <thead>
                <tr>
                  <th scope="col">request</th>
                  <th scope="col">held of the tenant</th>
                  <th scope="col">of the deployment</th>
                  <th scope="col">looked at</th>
                </tr>
              </thead>
              <tbody>
                ${money.holds.map(
                  ({ holdId, held, leaseUntil }) => html`
                    <tr>
                      <th scope="row" data-name="request">
                        <a href=${`#/requests/${holdId}`}><code>${holdId.slice(0, 16)}…</code></a>
                      </th>
                      <td data-name="tenant">${usd(held.tenant)}</td>
                      <td data-name="deployment">${usd(held.deployment)}</td>
                      <td data-name="looked at">${dateTime(leaseUntil)}</td>
                    </tr>
                  `,
                )}
              </tbody>
            </table>`
      }
    </section>
  `
}
