/** A line or a cloud of points of a chart. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
  readonly kind: 'line' | 'dashed' | 'dots'
  /** Place in the palette of the page. */
  readonly colour: number
  /** Words beside the points. */
  readonly labels?: readonly string[]
}

/** What is drawn and how its axes are named. */
export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
  readonly showX: (value: number) => string
  readonly showY: (value: number) => string
  /** Both axes run from 0 to 1. */
  readonly unit?: boolean
}

const size = { width: 640, height: 380, left: 58, right: 18, top: 14, bottom: 46 }

/** Draws a chart as an SVG element that needs nothing around it but the page's palette. */
export function drawChart(chart: Chart): string {
  const points = chart.series.flatMap(one => one.points)
  const [x0, x1] = chart.unit === true ? [0, 1] : rangeOf(points.map(point => point[0]))
  const [y0, y1] = chart.unit === true ? [0, 1] : rangeOf(points.map(point => point[1]))
  const atX = (value: number): number => size.left + ((value - x0) / (x1 - x0)) * (size.width - size.left - size.right)
  const atY = (value: number): number =>
    size.height - size.bottom - ((value - y0) / (y1 - y0)) * (size.height - size.top - size.bottom)
  const ticks = [0, 0.25, 0.5, 0.75, 1]
  const grid = ticks.flatMap(share => {
    const x = atX(x0 + share * (x1 - x0))
    const y = atY(y0 + share * (y1 - y0))
    return [
      `<path class="grid" d="M${px(size.left)} ${px(y)}H${px(size.width - size.right)}"/>`,
      `<text class="tick" x="${px(size.left - 8)}" y="${px(y + 4)}" text-anchor="end">${escaped(chart.showY(y0 + share * (y1 - y0)))}</text>`,
      `<text class="tick" x="${px(x)}" y="${px(size.height - size.bottom + 18)}" text-anchor="middle">${escaped(chart.showX(x0 + share * (x1 - x0)))}</text>`,
    ]
  })
  const drawn = chart.series.map(series => drawSeries(series, atX, atY))
  return [
    `<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(chart.title)}">`,
    ...grid,
    `<text class="axis" x="${px((size.left + size.width - size.right) / 2)}" y="${size.height - 6}" text-anchor="middle">${escaped(chart.x)}</text>`,
    `<text class="axis" transform="translate(13 ${px((size.height - size.bottom) / 2)}) rotate(-90)" text-anchor="middle">${escaped(chart.y)}</text>`,
    ...drawn,
    '</svg>',
    `<p class="legend">${chart.series.map(one => `<span class="c${one.colour} ${one.kind}">${escaped(one.name)}</span>`).join('')}</p>`,
  ].join('\n')
}

function drawSeries(series: Series, atX: (value: number) => number, atY: (value: number) => number): string {
  const at = series.points.map(([x, y]) => [atX(x), atY(y)] as const)
  const line =
    series.kind === 'dots'
      ? ''
      : `<path class="${series.kind} c${series.colour}" d="${at.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('')}"/>`
  const dots = at.map(([x, y], index) => {
    const [valueX, valueY] = series.points[index]!
    const label = series.labels?.[index]
    const title = escaped(`${label ?? series.name}: ${valueX.toPrecision(4)}, ${valueY.toPrecision(4)}`)
    const radius = series.kind === 'dots' ? 5 : 3
    const dot = `<circle class="dot c${series.colour}" cx="${px(x)}" cy="${px(y)}" r="${radius}"><title>${title}</title></circle>`
    const end = x > size.width * 0.75 ? 'end' : 'start'
    const words =
      label === undefined
        ? ''
        : `<text class="label" x="${px(x + (end === 'end' ? -8 : 8))}" y="${px(y + 15)}" text-anchor="${end}">${escaped(label)}</text>`
    return dot + words
  })
  return line + (series.kind === 'dashed' ? '' : dots.join(''))
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = (high - low || Math.abs(high) || 1) * 0.06
  return [low - room, high + room]
}

function px(value: number): string {
  return value.toFixed(1)
}

/** Text that may stand in HTML and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
