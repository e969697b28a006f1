import { useEffect, useState } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { ask } from '../core/gateway.js'
import { useLive } from '../core/live.js'
import { dateTime, duration, percent, usd, words } from '../core/format.js'
import { icons } from '../parts/icons.js'
import { Candidates, Features } from '../parts/candidates.js'
import { colourOf } from '../parts/rungs.js'
import { TimeLine } from '../parts/time-line.js'
import { RequestTable } from './now.js'

/** One request, or a way to find one. */
export function OneRequest({ rest: [id], session }) {
  return id === undefined ? html`<${Find} />` : html`<${Shown} key=${id} id=${id} session=${session} />`
}

function go(event) {
  event.preventDefault()
  location.hash = `#/requests/${event.target.elements.id.value.trim()}`
}

function Find() {
  const { requests } = useLive()
  return html`
    <h1>One request</h1>
    <form class="find panel" onSubmit=${go}>
      <label for="id">Request id: 32 hex digits, from <code>x-sluice-request-id</code></label>
      <div class="row">
        <input id="id" name="id" required pattern="[0-9a-f]{32}" spellcheck=${false} autocomplete="off" />
        <button class="primary">Show</button>
      </div>
    </form>
    ${
      requests.length > 0 &&
      html`<section class="panel requests">
        <header><h2>The latest</h2></header>
        <${RequestTable} requests=${requests.slice(0, 15)} />
      </section>`
    }
  `
}

function Shown({ id, session }) {
  const [state, setState] = useState({})
  const { requests } = useLive()
  const live = requests.find(request => request.id === id)
  const mark = live === undefined ? '' : `${live.state} ${live.legs.length}`
  useEffect(() => {
    const leaving = new AbortController()
    ask(`requests/${id}`, { signal: leaving.signal }).then(
      request => setState({ request }),
      error => leaving.signal.aborted || setState({ error }),
    )
    return () => leaving.abort()
  }, [id, mark])
  if (state.error !== undefined)
    return html`<p class="refusal" role="alert">${state.error.message}</p>
      <p><a href="#/requests">Find another</a></p>`
  if (state.request === undefined) return html`<p class="waiting">…</p>`
  const { request } = state
  return html`
    <${Head} request=${request} />
    <section class="panel">
      <header><h2>Time line</h2></header>
      <${TimeLine} request=${request} />
    </section>
    <${Decision} decision=${request.decision} />
    <${Legs} request=${request} session=${session} />
    <${Receipts} legs=${request.legs} />
    ${
      request.decision !== undefined &&
      html`<section class="panel">
        <header><h2>Features of the input</h2></header>
        <${Features} features=${request.decision.features} />
      </section>`
    }
  `
}

function Head({ request }) {
  const { id, at, tenant, task, mode, modalities, end, limits } = request
  const asked = Object.entries({
    'max cost': limits.maxCostNanoUsd === undefined ? undefined : usd(limits.maxCostNanoUsd),
    'max risk': limits.maxRisk === undefined ? undefined : percent(limits.maxRisk),
    'min quality': limits.minQuality === undefined ? undefined : percent(limits.minQuality),
    deadline: limits.deadlineMs === undefined ? undefined : duration(limits.deadlineMs),
    pinned: limits.model,
    tier: limits.tier,
    priority: limits.priority,
  }).filter(([, value]) => value !== undefined)
  return html`
    <a class="back" href="#/now">${icons.back} Now</a>
    <h1>
      ${words(task)}${' '}
      <small>${modalities.join(' + ')} · ${tenant} · ${mode === 'async' ? 'job' : 'call'} · ${dateTime(at)}</small>
    </h1>
    <p class="muted small"><code>${id}</code></p>
    <dl class="tiles">
      <div class="panel tile">
        <dt>End</dt>
        <dd><b>${end?.kind ?? 'running'}</b><span>${end?.code ?? end?.model ?? ''}</span></dd>
      </div>
      <div class="panel tile">
        <dt>P(correct)</dt>
        <dd><b>${percent(end?.confidence)}</b><span>${end?.tier ?? ''}</span></dd>
      </div>
      <div class="panel tile">
        <dt>Cost</dt>
        <dd><b>${usd(end?.costNanoUsd)}</b><span>of ${usd(request.decision?.reserveNanoUsd)} reserved</span></dd>
      </div>
      <div class="panel tile">
        <dt>Took</dt>
        <dd>
          <b>${duration(end?.atMs)}</b
          ><span>${asked.length === 0 ? '' : `deadline ${duration(limits.deadlineMs)}`}</span>
        </dd>
      </div>
    </dl>
    ${end?.degraded !== undefined && html`<p class="notice warn">Degraded: ${words(end.degraded)} stopped an escalation that quality asked for.</p>`}
    ${end?.message !== undefined && html`<p class="notice bad">${end.message}</p>`}
    <p class="muted small">Asked for: ${asked.map(([name, value]) => `${name} ${value}`).join(' · ')}</p>
  `
}

function Decision({ decision }) {
  if (decision === undefined) return null
  const { ladder, policyVersion, candidates, difficulty, outOfDomain, firstRung, firstReason } = decision
  return html`
    <section class="panel">
      <header>
        <h2>The ladder it saw</h2>
        <p class="muted">${ladder} · policy <code>${policyVersion}</code></p>
      </header>
      <p>
        ${
          difficulty === undefined
            ? 'Nothing estimated its difficulty.'
            : `Difficulty ${percent(difficulty)}${outOfDomain ? ', unlike what the policy was fitted on' : ''}.`
        }
        ${firstRung !== undefined && ` First ${firstRung}: ${firstReason}.`}
      </p>
      <${Candidates} candidates=${candidates} ladder=${ladder} firstRung=${firstRung} />
    </section>
  `
}

function Legs({ request, session }) {
  const { legs, end, content, decision } = request
  const all = [...legs, ...(end?.skipped ?? []).map(report => ({ ...report, pool: '' }))]
  return html`
    <section class="panel">
      <header><h2>What each rung said</h2></header>
      ${
        content?.parts?.length > 0 &&
        html`<div class="asked">
          ${content.parts.map(part => html`<p>${part.text ?? `${part.kind}, ${part.bytes} bytes`}</p>`)}
        </div>`
      }
      <ol class="legs">
        ${all.map(
          leg => html`
            <li class=${`${colourOf(leg.model, decision?.ladder)} ${leg.verdict ?? 'running'}`}>
              <header>
                <i class="swatch"></i><b>${leg.model}</b><small>${leg.tier}</small>
                <span class=${`badge ${toneOf[leg.verdict] ?? 'running'}`}>${leg.verdict ?? 'running'}</span>
                <span class="right">${percent(leg.confidence)} · ${usd(leg.costNanoUsd)}</span>
              </header>
              <p class="muted">${leg.reason ?? ''}${leg.failure === undefined ? '' : ` (${leg.failure})`}</p>
              ${content?.answers?.[leg.model] !== undefined && html`<blockquote>${content.answers[leg.model]}</blockquote>`}
            </li>
          `,
        )}
      </ol>
      ${
        content === null &&
        html`<p class="muted small">
          ${
            session.content
              ? 'What was asked and answered is kept no longer.'
              : html`What was asked and answered is not shown: <code>console.content</code> is off.`
          }
        </p>`
      }
    </section>
  `
}

const toneOf = { accepted: 'good', escalated: 'warn', failed: 'bad', skipped: '' }

function Receipts({ legs }) {
  const receipts = legs.filter(leg => leg.receipt !== undefined)
  if (receipts.length === 0) return null
  return html`
    <section class="panel">
      <header><h2>Receipts</h2></header>
      <table class="figures list">
        <thead>
          <tr>
            <th scope="col">leg</th>
            <th scope="col">cost</th>
            <th scope="col">used</th>
            <th scope="col">attempt</th>
            <th scope="col">worker</th>
          </tr>
        </thead>
        <tbody>
          ${receipts.map(
            ({ model, receipt }) => html`
              <tr>
                <th scope="row" data-name="leg">${model}</th>
                <td data-name="cost">${usd(receipt.costNanoUsd)}</td>
                <td data-name="used" class="wrap">${usedBy(receipt.usage)}</td>
                <td data-name="attempt">${receipt.attempt}</td>
                <td data-name="worker"><code>${receipt.workerId}</code></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
  `
}

function usedBy(usage) {
  const used = Object.entries(usage).filter(([, value]) => typeof value === 'number' && value > 0)
  const shown = used.map(([name, value]) =>
    name.endsWith('Ms')
      ? `${duration(value)} ${name.replace(/Ms$/u, '')}`
      : `${value.toLocaleString('en')} ${name.replaceAll(/[A-Z]/gu, letter => ` ${letter.toLowerCase()}`)}`,
  )
  return `${shown.join(', ')}${usage.estimated ? ' (estimated)' : ''}`
}
