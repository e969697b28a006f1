const stepMs = 380
const mostDots = 60
const svg = 'http://www.w3.org/2000/svg'

/**
 * Dots that cascade: one a request, from below to the rung that it is on, and out when it has its answer. What happened
 * faster than it can be drawn is drawn one after the other.
 */
export class FlowDots {
  #group
  #dots = new Map()
  #frame = 0
  #isStill = matchMedia('(prefers-reduced-motion: reduce)').matches

  /** @param {SVGGElement} group where they are drawn */
  constructor(group) {
    this.#group = group
  }

  /** Takes a request that changed. `geometry` has the points: `source`, `rung(place)`, `exit(place)`. */
  move(request, legs, geometry) {
    let dot = this.#dots.get(request.id)
    if (dot === undefined) {
      if (this.#dots.size >= mostDots) return
      dot = {
        at: geometry.source,
        path: [],
        passed: 0,
        isLast: false,
        element: document.createElementNS(svg, 'circle'),
      }
      dot.element.setAttribute('r', '4.5')
      this.#dots.set(request.id, dot)
      this.#group.append(dot.element)
    }
    for (const leg of legs.slice(dot.passed))
      dot.path.push({ to: geometry.rung(leg.place), colour: `dot rung-${leg.place}` })
    dot.passed = Math.max(dot.passed, legs.length)
    if (request.state === 'running' || dot.isLast) return this.#draw()
    const last = legs.at(-1)
    dot.isLast = true
    dot.path.push({ to: geometry.exit(last?.place ?? 0), colour: `dot rung-${last?.place ?? 0} ${request.state}` })
    this.#draw()
  }

  stop() {
    cancelAnimationFrame(this.#frame)
    for (const { element } of this.#dots.values()) element.remove()
    this.#dots.clear()
  }

  #draw() {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(now => {
      this.#frame = 0
      let isMoving = false
      for (const [id, dot] of this.#dots) isMoving = this.#step(id, dot, now) || isMoving
      if (isMoving) this.#draw()
    })
  }

  /** Draws one frame of one dot; returns whether it still moves. */
  #step(id, dot, now) {
    const [way] = dot.path
    if (way === undefined) {
      if (!dot.isLast) return false
      dot.element.remove()
      this.#dots.delete(id)
      return false
    }
    dot.begunAt ??= now
    dot.element.setAttribute('class', way.colour)
    const share = this.#isStill ? 1 : Math.min(1, (now - dot.begunAt) / stepMs)
    const eased = 1 - (1 - share) ** 3
    dot.element.setAttribute('cx', String(dot.at.x + (way.to.x - dot.at.x) * eased))
    dot.element.setAttribute('cy', String(dot.at.y + (way.to.y - dot.at.y) * eased))
    if (share < 1) return true
    dot.at = way.to
    dot.begunAt = undefined
    dot.path.shift()
    return true
  }
}
