import { useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { useLive } from '../core/live.js'
import { duration, percent, time, usd, words } from '../core/format.js'
import { icons } from '../parts/icons.js'
import { LadderFlow } from '../parts/ladder-flow.js'
import { MinuteBars } from '../parts/minute-bars.js'
import { Meter, Path, StateBadge } from '../parts/rungs.js'

/** What happens now. */
export function Now() {
  const { requests, ladders, pools, minutes, degraded, inFlight } = useLive()
  const busy = ladders.filter(ladder => requests.some(request => request.ladder === ladder.name))
  const quiet = ladders.filter(ladder => !busy.includes(ladder))
  const shown = busy.length === 0 ? ladders : busy
  return html`
    <h1 class="hidden">Now</h1>
    <${Tiles} requests=${requests} minutes=${minutes} degraded=${degraded} inFlight=${inFlight} />
    <div class="flows">
      ${shown.map(ladder => html`<${LadderFlow} key=${ladder.name} ladder=${ladder} requests=${requests} />`)}
      <${Pools} pools=${pools} />
      <section class="panel">
        <header><h2>Spend by minute</h2></header>
        <${MinuteBars} minutes=${minutes} />
        ${busy.length > 0 && quiet.length > 0 && html`<p class="muted small">Quiet ladders: ${quiet.map(({ name }) => name).join(', ')}</p>`}
      </section>
    </div>
    <${Requests} requests=${requests} />
  `
}

function Tiles({ requests, minutes, degraded, inFlight }) {
  const lately = minutes.slice(-2).toReversed()
  // The minute that has only begun says little.
  const [now, before] = lately
  const minute = before === undefined || (now?.requests ?? 0) > before.requests ? now : before
  const ended = requests.filter(request => request.state !== 'running')
  const escalated = ended.filter(request => request.legs.length > 1).length
  const times = ended.flatMap(request => request.ms ?? []).toSorted((one, other) => one - other)
  const reasons = Object.entries(degraded)
  const reasonCount = reasons.reduce((sum, [, count]) => sum + count, 0)
  const tiles = [
    ['Requests a minute', String(minute?.requests ?? 0), `${inFlight} in flight`],
    [
      'Spend a minute',
      usd(minute?.nanoUsd ?? 0),
      `${usd(minutes.reduce((sum, one) => sum + one.nanoUsd, 0))} in the last hour`,
    ],
    ['Escalated', percent(ended.length === 0 ? null : escalated / ended.length), `of the latest ${ended.length}`],
    [
      'Median time',
      duration(times[Math.floor(times.length / 2)]),
      `p95 ${duration(times[Math.floor(times.length * 0.95)])}`,
    ],
    [
      'Degraded',
      String(reasonCount),
      reasons.length === 0
        ? 'none since this router began'
        : reasons.map(([name, count]) => `${words(name)} ${count}`).join(', '),
      reasonCount > 0 ? 'warn' : '',
    ],
  ]
  return html`
    <dl class="tiles">
      ${tiles.map(
        ([name, value, more, tone = '']) => html`
          <div class=${`panel tile ${tone}`}>
            <dt>${name}</dt>
            <dd><b>${value}</b><span>${more}</span></dd>
          </div>
        `,
      )}
    </dl>
  `
}

function Pools({ pools }) {
  return html`
    <section class="panel">
      <header><h2>Pools</h2></header>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">pool</th>
            <th scope="col">workers</th>
            <th scope="col">at work</th>
            <th scope="col">waiting</th>
            <th scope="col">wait</th>
          </tr>
        </thead>
        <tbody>
          ${pools.map(
            pool => html`
              <tr>
                <th scope="row">${pool.name}<small>${pool.tier}</small></th>
                <td class=${pool.workers === 0 ? 'bad' : ''}>
                  ${pool.workers}${pool.draining > 0 ? html` <small>${pool.draining} draining</small>` : ''}
                </td>
                <td>
                  <${Meter}
                    ratio=${pool.capacity === 0 ? 0 : pool.running / pool.capacity}
                    label=${`${pool.running} of ${pool.capacity} places`}
                    tone=${pool.running >= pool.capacity ? 'warn' : ''}
                  />
                </td>
                <td>${pool.waiting}</td>
                <td>${duration(pool.waitMs)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
  `
}

const filters = [
  ['all', () => true],
  ['escalated', request => request.legs.length > 1],
  ['degraded', request => request.degraded !== null],
  ['failed', request => request.state === 'failed'],
]

function Requests({ requests }) {
  const [filter, setFilter] = useState('all')
  const [held, setHeld] = useState(undefined)
  const [most, setMost] = useState(25)
  const keep = filters.find(([name]) => name === filter)[1]
  const kept = (held ?? requests).filter(keep)
  const shown = kept.slice(0, most)
  return html`
    <section class="panel requests">
      <header>
        <h2>Requests</h2>
        <div class="segments" role="group" aria-label="Which requests">
          ${filters.map(
            ([name]) => html`
              <button aria-pressed=${filter === name} onClick=${() => setFilter(name)}>${name}</button>
            `,
          )}
        </div>
        <button
          class="quiet"
          aria-pressed=${held !== undefined}
          onClick=${() => setHeld(held === undefined ? requests : undefined)}
        >
          ${held === undefined ? icons.pause : icons.play}<span>${held === undefined ? 'Hold' : 'Go on'}</span>
        </button>
      </header>
      ${
        shown.length === 0
          ? html`<p class="empty">No request yet. <a href="#/try">Try one</a>, or send one to this gateway.</p>`
          : html`<${RequestTable} requests=${shown} />`
      }
      ${kept.length > most && html`<button class="quiet more" onClick=${() => setMost(most + 50)}>Show more</button>`}
    </section>
  `
}

/** Requests as a table, on a phone as cards. */
export function RequestTable({ requests }) {
  return html`
    <table class="figures list">
      <thead>
        <tr>
          <th scope="col">time</th>
          <th scope="col">ladder</th>
          <th scope="col">difficulty</th>
          <th scope="col">rungs</th>
          <th scope="col">P(correct)</th>
          <th scope="col">cost</th>
          <th scope="col">took</th>
          <th scope="col"><span class="hidden">state</span></th>
        </tr>
      </thead>
      <tbody>
        ${requests.map(
          request => html`
            <tr key=${request.id} class=${request.state}>
              <td data-name="time">
                <a
                  href=${`#/requests/${request.id}`}
                  aria-label=${`Request of ${time(request.at)}, ${request.ladder ?? request.task}`}
                  >${time(request.at)}</a
                >
              </td>
              <td data-name="ladder">
                ${(request.ladder ?? request.task).replace(/^pin:/u, '')}<small>${request.tenant}</small>
              </td>
              <td data-name="difficulty">
                <${Meter} ratio=${request.difficulty} label="How unlikely the cheapest rung is right" />
              </td>
              <td data-name="rungs">
                <${Path} legs=${request.legs} ladder=${request.ladder} model=${request.model} />
              </td>
              <td data-name="P(correct)">${percent(request.confidence)}</td>
              <td data-name="cost">${usd(request.costNanoUsd)}</td>
              <td data-name="took">${duration(request.ms)}</td>
              <td data-name="state"><${StateBadge} request=${request} /></td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `
}
