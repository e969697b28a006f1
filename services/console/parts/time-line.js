import { html } from '../core/html.js'
import { duration } from '../core/format.js'
import { colourOf } from './rungs.js'

const wide = 1000

/** Where the time of a request went, from its arrival to the kernel of each model and back. */
export function TimeLine({ request }) {
  const rows = rowsOf(request)
  const until = Math.max(0.1, request.end?.atMs ?? 0, ...rows.map(row => row.until))
  return html`
    <ol class="timeline" aria-label=${`Time line, ${duration(until)} in all`}>
      ${rows.map(
        ({ name, from, until: to, kind, colour, depth }) => html`
          <li class=${`${kind} ${colour ?? ''} depth-${depth}`}>
            <span class="what">${name}</span>
            <svg viewBox=${`0 0 ${wide} 14`} preserveAspectRatio="none" aria-hidden="true">
              <rect class="track" width=${wide} height="14" />
              <rect
                class="span"
                x=${at(from, until)}
                width=${Math.max(3, at(to, until) - at(from, until))}
                height="14"
                rx="2"
              />
            </svg>
            <span class="took">${duration(Math.max(0, to - from))}<small>${` at ${duration(from)}`}</small></span>
          </li>
        `,
      )}
    </ol>
  `
}

function at(ms, until) {
  return (Math.max(0, Math.min(ms, until)) / until) * wide
}

const names = {
  admit: 'router: admit, check the content',
  turn: 'router: wait for a turn',
  assess: 'router: features and estimate',
  choose: 'router: filters and first rung',
  reserve: 'router: reserve the worst-case cost',
  open: 'router: open the log',
  cascade: 'cascade',
  settle: 'router: settle (after the answer)',
}

function rowsOf({ stages, legs, end }) {
  const own = stages.map(({ name, fromMs, untilMs }) => ({
    name: names[name] ?? name,
    order: name === 'settle' ? 3 : name === 'cascade' ? 1 : 0,
    from: fromMs,
    until: untilMs,
    kind: name === 'cascade' ? 'cascade' : 'stage',
    depth: 0,
  }))
  const below = legs.flatMap(leg => legRows(leg, end?.atMs)).map(row => ({ ...row, order: 2 }))
  return [...own, ...below].toSorted((one, other) => one.order - other.order)
}

function legRows(leg, endMs) {
  const colour = colourOf(leg.model)
  const { receipt, plannedMs, verdictMs, model } = leg
  const name = leg.purpose === undefined || leg.purpose === 'answer' ? model : `${model} (${leg.purpose})`
  const until = verdictMs ?? receipt?.untilMs ?? endMs ?? plannedMs
  const rows = [{ name, from: plannedMs, until, kind: 'leg', colour, depth: 1 }]
  if (receipt === undefined) return rows
  const { fromMs, untilMs, usage } = receipt
  rows.push(
    { name: `queue of ${leg.pool}`, from: plannedMs, until: fromMs, kind: 'queue', colour, depth: 2 },
    { name: `worker ${receipt.workerId.slice(0, 14)}`, from: fromMs, until: untilMs, kind: 'worker', colour, depth: 2 },
  )
  if (usage.computeMs > 0) {
    const from = Math.max(fromMs, untilMs - usage.computeMs)
    rows.push({ name: 'model (compute billed)', from, until: from + usage.computeMs, kind: 'kernel', colour, depth: 3 })
  }
  if (verdictMs !== undefined)
    rows.push({ name: 'reply and gate', from: untilMs, until: verdictMs, kind: 'gate', colour, depth: 2 })
  return rows
}
