import { html } from '../core/html.js'
import { time, usd } from '../core/format.js'

const wide = 380
const high = 150
const foot = 18

/** What each of the last 60 minutes cost, as bars. */
export function MinuteBars({ minutes }) {
  const most = Math.max(1, ...minutes.map(minute => minute.nanoUsd))
  const step = wide / Math.max(1, minutes.length)
  const total = minutes.reduce((sum, minute) => sum + minute.nanoUsd, 0)
  return html`
    <svg
      class="bars"
      viewBox=${`0 0 ${wide} ${high}`}
      role="img"
      aria-label=${`Spend of the last hour: ${usd(total)}, at most ${usd(most)} a minute`}
    >
      <line class="grid" x1="0" x2=${wide} y1=${high - foot} y2=${high - foot} />
      <line class="grid" x1="0" x2=${wide} y1="8" y2="8" />
      <text class="axis" x="0" y="20">${usd(most === 1 ? 0 : most)}</text>
      ${minutes.map((minute, at) => {
        const size = (minute.nanoUsd / most) * (high - foot - 8)
        return html`
          <rect
            class=${minute.degraded > 0 ? 'minute warn' : 'minute'}
            x=${at * step + 1}
            width=${step - 2}
            y=${high - foot - size}
            height=${size}
            rx="1.5"
          >
            <title>
              ${time(minute.at)}: ${usd(minute.nanoUsd)}, ${minute.requests} requests, ${minute.degraded} degraded
            </title>
          </rect>
        `
      })}
      <text class="axis" x="0" y=${high - 4}>an hour ago</text>
      <text class="axis" x=${wide} y=${high - 4} text-anchor="end">now</text>
    </svg>
  `
}
