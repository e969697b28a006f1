/** A point of a plane. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** A rectangle at any angle. `width` lies along `angle`, which is in (-45°, 45°], in radians, clockwise on a screen. */
export interface Rectangle {
  readonly centre: Point
  readonly width: number
  readonly height: number
  readonly angle: number
}

/**
 * The rectangle of least area around points.
 * @source Freeman and Shapira 1975: one of its sides lies on a side of the convex hull
 */
export function minimalRectangle(points: readonly Point[]): Rectangle {
  const hull = convexHull(points)
  let best: Rectangle | undefined
  for (const [index, from] of hull.entries()) {
    const to = hull[(index + 1) % hull.length]!
    const rectangle = rectangleAt(hull, Math.atan2(to.y - from.y, to.x - from.x))
    if (best === undefined || rectangle.width * rectangle.height < best.width * best.height) best = rectangle
  }
  return level(best ?? { centre: { x: 0, y: 0 }, width: 0, height: 0, angle: 0 })
}

/** The corners: top left, top right, bottom right, bottom left of the rectangle when it is turned level. */
export function cornersOf({ centre, width, height, angle }: Rectangle): readonly [Point, Point, Point, Point] {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  const corner = (x: number, y: number): Point => ({
    x: centre.x + x * cosine - y * sine,
    y: centre.y + x * sine + y * cosine,
  })
  const [w, h] = [width / 2, height / 2]
  return [corner(-w, -h), corner(w, -h), corner(w, h), corner(-w, h)]
}

/** @source Andrew 1979, monotone chain */
function convexHull(points: readonly Point[]): readonly Point[] {
  const sorted = points.toSorted((a, b) => a.x - b.x || a.y - b.y)
  const lower = halfHull(sorted)
  const upper = halfHull(sorted.toReversed())
  return sorted.length < 2 ? sorted : [...lower.slice(0, -1), ...upper.slice(0, -1)]
}

function halfHull(points: readonly Point[]): readonly Point[] {
  const hull: Point[] = []
  for (const point of points) {
    while (hull.length >= 2 && turn(hull.at(-2)!, hull.at(-1)!, point) <= 0) hull.pop()
    hull.push(point)
  }
  return hull
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

function rectangleAt(hull: readonly Point[], angle: number): Rectangle {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { x, y } of hull) {
    const along = x * cosine + y * sine
    const across = y * cosine - x * sine
    left = Math.min(left, along)
    right = Math.max(right, along)
    top = Math.min(top, across)
    bottom = Math.max(bottom, across)
  }
  const [along, across] = [(left + right) / 2, (top + bottom) / 2]
  const centre = { x: along * cosine - across * sine, y: along * sine + across * cosine }
  return { centre, width: right - left, height: bottom - top, angle }
}

/** The same rectangle, named by the side that is nearest to level. */
function level(rectangle: Rectangle): Rectangle {
  const quarter = Math.PI / 2
  const turns = Math.round(rectangle.angle / quarter)
  const angle = rectangle.angle - turns * quarter
  return turns % 2 === 0
    ? { ...rectangle, angle }
    : { ...rectangle, angle, width: rectangle.height, height: rectangle.width }
}
