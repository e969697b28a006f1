import { useEffect, useRef } from '../libraries/hooks.js'
import { html } from '../core/html.js'
import { onRequests } from '../core/live.js'
import { percent, plural, words } from '../core/format.js'
import { FlowDots } from './flow-dots.js'

const wide = 340
const levelHigh = 58
const left = 132
const right = wide - 84
const laneWide = 46

/** One ladder: how many of the latest requests each rung answered, and those under way. */
export function LadderFlow({ ladder, requests }) {
  const rungs = ladder.rungs.filter(
    rung => !rung.fallback || requests.some(one => one.legs.some(leg => leg.model === rung.name)),
  )
  const own = requests.filter(one => one.ladder === ladder.name)
  const flows = flowsOf(rungs, own)
  const high = rungs.length * levelHigh + 34
  const levelOf = place => high - 44 - place * levelHigh
  const group = useRef(null)
  useDots(group, ladder, rungs, place => ({ y: levelOf(place), high }))
  const widest = Math.max(1, own.length)
  const widthOf = count => (count === 0 ? 0 : Math.max(2, (laneWide * count) / widest))
  return html`
    <section class="flow panel">
      <header>
        <h3>${ladder.name}</h3>
        <p class="muted">${words(ladder.task)} · ${plural(own.length, 'request')}</p>
      </header>
      <svg viewBox=${`0 0 ${wide} ${high}`} role="img" aria-label=${describeFlow(ladder, flows)}>
        ${rungs.map((rung, place) => {
          const y = levelOf(place)
          const { reached, answered, failed } = flows[place]
          const on = widthOf(flows[place + 1]?.reached ?? 0)
          const out = widthOf(answered)
          const from = place === 0 ? high : levelOf(place - 1)
          return html`
            <g class=${`rung-${Math.min(4, place)}`}>
              <line class="level" x1="10" x2=${wide - 10} y1=${y + 14} y2=${y + 14} />
              ${reached > 0 && html`<rect class="stream" x=${left} y=${y} width=${widthOf(reached)} height=${from - y} />`}
              ${
                answered > 0 &&
                html`<path
                  class="stream out"
                  stroke-width=${out}
                  d=${`M${left + on + out / 2},${y} v-4 q0,-14 14,-14 H${right}`}
                />`
              }
              <text class="name" x="10" y=${y - 4}>${shortened(rung.name)}</text>
              <text class="tier" x="10" y=${y + 9}>${rung.tier}</text>
              <text class="count" x=${wide - 10} y=${y - 13} text-anchor="end">
                ${own.length === 0 ? '' : percent(answered / own.length, 0)}
              </text>
              <text class="tier" x=${wide - 10} y=${y + 1} text-anchor="end">
                ${answered > 0 ? `${answered} answered` : ''}${failed > 0 ? ` ${failed} failed` : ''}
              </text>
            </g>
          `
        })}
        <g ref=${group}></g>
      </svg>
    </section>
  `
}

/** How many of the requests got to each rung, and how many it answered. */
function flowsOf(rungs, requests) {
  const flows = rungs.map(() => ({ reached: 0, answered: 0, failed: 0 }))
  const places = new Map(rungs.map((rung, place) => [rung.name, place]))
  for (const { legs, state, model } of requests) {
    const top = Math.max(-1, ...legs.map(leg => places.get(leg.model) ?? -1))
    for (let place = 0; place <= top; place += 1) flows[place].reached += 1
    for (const leg of legs) if (leg.verdict === 'failed') flows[places.get(leg.model)].failed += 1
    const by = places.get(model)
    if (state === 'answered' && by !== undefined) flows[by].answered += 1
  }
  return flows
}

function useDots(group, ladder, rungs, levelOf) {
  useEffect(() => {
    const dots = new FlowDots(group.current)
    const geometry = {
      source: { x: left + 12, y: levelOf(0).high - 2 },
      rung: place => ({ x: left + 12, y: levelOf(place).y - 2 }),
      exit: place => ({ x: right, y: levelOf(place).y - 18 }),
    }
    const place = new Map(rungs.map((rung, at) => [rung.name, at]))
    const stop = onRequests(news => {
      for (const request of news.filter(one => one.ladder === ladder.name).slice(-20)) {
        if (Date.now() - request.at > 60_000 && request.state !== 'running') continue
        dots.move(
          request,
          request.legs.map(leg => ({ place: place.get(leg.model) ?? 0 })),
          geometry,
        )
      }
    })
    return () => {
      stop()
      dots.stop()
    }
  }, [ladder.name, rungs.length])
}

function describeFlow(ladder, flows) {
  return `${ladder.name}: ${flows.map(({ answered }, place) => `${ladder.rungs[place].name} answered ${answered}`).join(', ')}`
}

function shortened(name) {
  return name.length > 18 ? `${name.slice(0, 17)}…` : name
}
