import { html } from '../core/html.js'

const wide = 520
const high = 300
const margin = { left: 58, right: 16, top: 28, bottom: 40 }

/**
 * A chart of lines and points over two axes. `series`: `{ name, kind: 'line' | 'dashed' | 'points' | 'mark', tone,
 * points: [{ x, y, label?, size? }] }`.
 */
export function Chart({ name, x, y, series, children }) {
  const all = series.flatMap(one => one.points)
  const scaleX = scaleOf(
    x.from ?? Math.min(...all.map(point => point.x)),
    x.to ?? Math.max(...all.map(point => point.x)),
  )
  const scaleY = scaleOf(
    y.from ?? Math.min(...all.map(point => point.y)),
    y.to ?? Math.max(...all.map(point => point.y)),
  )
  const atX = value => margin.left + scaleX.share(value) * (wide - margin.left - margin.right)
  const atY = value => high - margin.bottom - scaleY.share(value) * (high - margin.top - margin.bottom)
  return html`
    <figure class="chart">
      <svg viewBox=${`0 0 ${wide} ${high}`} role="img" aria-label=${name}>
        ${scaleY.ticks.map(
          value => html`
            <line class="grid" x1=${margin.left} x2=${wide - margin.right} y1=${atY(value)} y2=${atY(value)} />
            <text class="axis" x=${margin.left - 7} y=${atY(value) + 4} text-anchor="end">${y.show(value)}</text>
          `,
        )}
        ${scaleX.ticks.map(
          value =>
            html`<text class="axis" x=${atX(value)} y=${high - margin.bottom + 16} text-anchor="middle"
              >${x.show(value)}</text
            >`,
        )}
        <text class="axis" x=${wide - margin.right} y=${high - 6} text-anchor="end">${x.name}</text>
        <text class="axis" x="4" y="10">${y.name}</text>
        ${series.map(one => drawSeries(one, atX, atY))}
      </svg>
      <figcaption>
        ${series.map(({ name: of, kind, tone }) => html`<span class=${`key ${tone}`}><i class=${kind}></i>${of}</span>`)}
        ${children}
      </figcaption>
    </figure>
  `
}

function drawSeries({ kind, tone, points, name }, atX, atY) {
  if (points.length === 0) return null
  const dots = point => html`
    <circle cx=${atX(point.x)} cy=${atY(point.y)} r=${point.size ?? (kind === 'mark' ? 7 : 4)}>
      <title>${point.label ?? name}</title>
    </circle>
  `
  const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${atX(point.x)},${atY(point.y)}`).join(' ')
  return html`
    <g class=${`series ${kind} ${tone}`}>
      ${(kind === 'line' || kind === 'dashed') && html`<path d=${path} />`} ${kind !== 'dashed' && points.map(dots)}
    </g>
  `
}

/** Ticks at round numbers, and the place of a value between them. */
function scaleOf(from, to) {
  const width = to - from || Math.abs(to) || 1
  const rough = width / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(one => one * power).find(one => one >= rough) ?? rough
  const first = Math.floor(from / step) * step
  const last = Math.ceil(to / step) * step || step
  const ticks = []
  for (let value = first; value <= last + step / 2; value += step) ticks.push(Number(value.toPrecision(12)))
  return { ticks, share: value => (value - first) / (last - first) }
}
