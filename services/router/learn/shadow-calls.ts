import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import type { Rung } from '#services/contract/model'
import type { OutcomeStore } from '#services/state/outcomes/outcome-store'
import { isSameAnswer } from '#services/decision/answers/same-answer'
import type { Reserved, Finished, Incoming } from '#services/router/request/states'
import { answeredRungs, recordOf, type AnsweredRung } from './record-of.ts'
import { shadowCaller, shadowRequestOf } from './shadow-request.ts'

/** How much is asked for the sake of learning. */
export interface ShadowOptions {
  /** Share of answered requests whose answers are compared with the top rung's. */
  readonly share: number
  /** The top rung alone, or every rung that the cascade did not call, so that each has a score. */
  readonly rungs: 'top' | 'all'
  /** Concurrent comparisons; further requests are skipped. */
  readonly atOnce: number
  readonly keepContent: boolean
}

/** What came of drawing a request. */
export type ShadowOutcome =
  | 'called'
  /** The cascade had called the top rung itself. */
  | 'known'
  | 'dropped_limit'
  | 'dropped_router_busy'
  | 'dropped_pool_busy'
  | 'dropped_budget'
  | 'failed'

/** What shadow calls need. */
export interface ShadowDependencies {
  /** Asks one rung, paid by the deployment. */
  readonly ask: (incoming: Incoming, signal: AbortSignal) => Promise<Finished>
  readonly outcomes: Pick<OutcomeStore, 'append'>
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly draw: () => number
  /** Whether callers need what a call to this rung would take. */
  readonly busy: (rung: Rung) => 'dropped_router_busy' | 'dropped_pool_busy' | undefined
  readonly counted: (ladder: string, outcome: ShadowOutcome) => void
  /** Called for each answer of a lower rung: P(correct) then, and whether the top rung says the same. */
  readonly compared: (finished: Finished, rung: string, confidence: number, score: number) => void
  readonly spent: (ladder: string, costNanoUsd: number) => void
  readonly logger: Logger
}

/** Holds a share of the answers against the top rung's, behind the caller's back and never in the way of one. */
export interface ShadowCalls {
  /** Examines a cascade that was delivered. Returns at once and throws nothing. */
  onFinished(reserved: Reserved, finished: Finished): void
  /** Gives up what is under way. */
  close(): Promise<void>
}

/** Makes them. */
export function createShadowCalls(options: ShadowOptions, dependencies: ShadowDependencies): ShadowCalls {
  const { counted, draw, logger } = dependencies
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()

  return {
    onFinished(reserved, finished) {
      if (!mayTeach(reserved, finished) || draw() >= options.share) return
      const { name } = reserved.guided.ladder
      if (underWay.size >= options.atOnce || closing.signal.aborted) {
        counted(name, 'dropped_limit')
        return
      }
      const work = afterDelivery()
        .then(() => holdAgainstTop({ reserved, finished }, options, dependencies, closing.signal))
        .then(
          outcome => counted(name, outcome),
          (error: unknown) => {
            counted(name, 'failed')
            logger.debug({ err: error, ladder: name }, 'a shadow call came to nothing')
          },
        )
        .finally(() => underWay.delete(work))
      underWay.add(work)
    },
    async close() {
      closing.abort()
      await Promise.all(underWay)
    },
  }
}

/** A request that named its model was not decided upon, and a ladder of one rung has nothing to compare. */
function mayTeach({ guided, request }: Reserved, { end }: Finished): boolean {
  const { model, tier } = request.constraints
  if (end.kind !== 'answered' || model !== undefined || tier !== undefined) return false
  return guided.policy !== undefined && assessedRungs({ guided }).length > 1
}

/** Rungs that the policy decides on; those that only stand in for others teach nothing. */
function assessedRungs({ guided }: Pick<Reserved, 'guided'>): readonly Rung[] {
  return guided.ladder.rungs.filter(rung => rung.fallback !== true)
}

/** The answer is sent in the tick in which the cascade ended; this waits for the next. */
function afterDelivery(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/** A cascade that was drawn. */
interface Drawn {
  readonly reserved: Reserved
  readonly finished: Finished
}

async function holdAgainstTop(
  drawn: Drawn,
  options: ShadowOptions,
  dependencies: ShadowDependencies,
  signal: AbortSignal,
): Promise<ShadowOutcome> {
  const { reserved, finished } = drawn
  const rungs = assessedRungs(reserved)
  const known = answeredRungs(finished)
  const wanted = options.rungs === 'all' ? rungs : rungs.slice(-1)
  const beside: AnsweredRung[] = []
  for (const rung of wanted.toReversed()) {
    if (known.some(one => one.rung === rung.name)) continue
    const asked = await askRung(reserved, rung, dependencies, signal)
    if (typeof asked === 'string') return asked
    beside.push(asked)
  }
  const top = [...known, ...beside].find(one => one.rung === rungs.at(-1)?.name)
  if (top === undefined) return 'failed'
  await keep(drawn, { top, known, beside }, options, dependencies)
  return beside.length > 0 ? 'called' : 'known'
}

async function askRung(
  reserved: Reserved,
  rung: Rung,
  { ask, busy, clock, spent }: ShadowDependencies,
  signal: AbortSignal,
): Promise<AnsweredRung | ShadowOutcome> {
  const reason = busy(rung)
  if (reason !== undefined) return reason
  const request = shadowRequestOf(reserved, rung)
  try {
    const finished = await ask({ caller: shadowCaller, request, mode: 'sync', arrivedAt: clock.now() }, signal)
    for (const leg of finished.legs) spent(reserved.guided.ladder.name, leg.end?.receipt.costNanoUsd ?? 0)
    return answeredRungs(finished).find(one => one.rung === rung.name) ?? 'failed'
  } catch (error) {
    if (isGatewayError(error) && error.code === 'BudgetExceeded') return 'dropped_budget'
    throw error
  }
}

interface Answers {
  readonly top: AnsweredRung
  readonly known: readonly AnsweredRung[]
  readonly beside: readonly AnsweredRung[]
}

/** Agreement with the top rung replaces correctness, and is marked so. */
async function keep(
  { reserved, finished }: Drawn,
  { top, known, beside }: Answers,
  { keepContent }: ShadowOptions,
  { outcomes, clock, compared }: ShadowDependencies,
): Promise<void> {
  if (finished.end.kind !== 'answered') return
  const agreement = (one: AnsweredRung): number | undefined => {
    const same = isSameAnswer(reserved.request.task, one.end.result.output, top.end.result.output)
    return same === undefined ? undefined : Number(same)
  }
  const scores = new Map([...known, ...beside].map(one => [one.rung, agreement(one)]))
  for (const one of known) {
    const score = scores.get(one.rung)
    if (one !== top && score !== undefined) compared(finished, one.rung, one.confidence, score)
  }
  await outcomes.append(
    finished.request.tenant,
    recordOf(finished, finished.end.answer.model, {
      source: 'shadow',
      ladderRungs: assessedRungs(reserved).map(rung => rung.name),
      at: clock.now(),
      keepContent,
      beside,
      scoreOf(rung) {
        const score = scores.get(rung)
        return score === undefined ? undefined : { score, scoreBy: 'agreement' }
      },
    }),
  )
}
