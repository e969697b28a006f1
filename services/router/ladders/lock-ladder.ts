import type { Ladder } from '#services/contract/model'
import type { GuidedLadder } from '#services/router/request/states'

/**
 * A ladder that begins with one rung; the others are called only when that fails. A rung that is a fallback itself is
 * unknown to the policy, so that then nothing but the rung decides.
 */
export function lockLadder({ ladder, policy }: GuidedLadder, rung: string): GuidedLadder {
  const locked = ladder.rungs.filter(({ name }) => name === rung)
  const isKnown = locked.every(({ fallback }) => fallback !== true)
  const rungs = [
    ...locked.map(({ fallback: _spare, ...one }) => one),
    ...spare(ladder.rungs.filter(({ name }) => name !== rung)),
  ]
  return { ladder: { ...ladder, rungs }, ...(isKnown && policy !== undefined ? { policy } : {}) }
}

/** A ladder whose cascade begins at a rung, and why: those before it are called only when it fails. */
export function beginAt(guided: GuidedLadder, rung: string, beginsSince: string): GuidedLadder {
  const { ladder } = guided
  const at = ladder.rungs.findIndex(({ name }) => name === rung)
  const rungs = [...spare(ladder.rungs.slice(0, Math.max(0, at))), ...ladder.rungs.slice(Math.max(0, at))]
  return { ...guided, beginsSince, ladder: { ...ladder, rungs } }
}

function spare(rungs: Ladder['rungs']): Ladder['rungs'] {
  return rungs.map(one => ({ ...one, fallback: true }))
}
