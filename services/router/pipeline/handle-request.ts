import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type {
  Admitted,
  Assessed,
  Chosen,
  Reserved,
  Finished,
  EmitEvent,
  Incoming,
} from '#services/router/request/states'
import { isTakenOver } from '#services/state/cascade-log/idempotency'
import { createAnnouncement, tellFound, untilLeft } from './announce.ts'

/** Every stage of a request, in the order in which it meets them. `Under` is a cascade under way. */
export interface Stages<Under> {
  readonly admit: (incoming: Incoming, signal: AbortSignal) => Promise<Admitted>
  /** Checks the content of a request before any stage uses it: refuses, rewrites or marks it. @throws GatewayError */
  readonly guard?: (admitted: Admitted) => Admitted
  /** Shows the request what is found for it; nothing of it waits for a turn, since finding takes one of its own. */
  readonly retrieve?: (incoming: Incoming, admitted: Admitted, signal: AbortSignal) => Promise<Admitted>
  /** An answer that was given to the same before. */
  readonly findAnswer?: (incoming: Incoming, admitted: Admitted, signal: AbortSignal) => Promise<Finished | undefined>
  /** Keeps an answer to be given again: returns at once and throws nothing. */
  readonly keepAnswer?: (reserved: Reserved, finished: Finished) => void
  /**
   * Waits for the request's turn at all that follows, up to its first leg in its queue.
   * @throws GatewayError RateLimited, Cancelled
   */
  readonly awaitTurn?: (incoming: Incoming, admitted: Admitted, signal: AbortSignal) => Promise<void>
  /** Gives the turn to the next, unless that is done: the first leg in its queue does it too. */
  readonly endTurn?: (requestId: RequestId) => void
  /** The earlier request that an idempotency key belongs to, if there is one. */
  readonly findOriginal: (admitted: Admitted, signal: AbortSignal) => Promise<RequestId | undefined>
  readonly releaseKey: (admitted: Admitted) => Promise<void>
  readonly assess: (admitted: Admitted) => Promise<Assessed>
  /** `mayProbe`: a rung that its forecast keeps out may be tried, where there is no other. */
  readonly choose: (assessed: Assessed, mayProbe?: boolean) => Chosen
  /** Counts what was chosen as work to come, until it is in the queue. */
  readonly expect?: (chosen: Chosen) => void
  /** Lets go of it: it does not come. */
  readonly dismiss?: (admitted: Admitted) => void
  /** Holds the money. */
  readonly reserve: (chosen: Chosen) => Promise<Reserved>
  /** Leaves the holding to the dispatch of the first leg, where it can be left. */
  readonly deferReserve?: (chosen: Chosen) => Reserved | undefined
  readonly start: (reserved: Reserved) => Promise<Under>
  /** `not-held`: the dispatch could not hold the money that was left to it, and nothing has happened. */
  readonly run: (under: Under, signal: AbortSignal, emit?: EmitEvent) => Promise<Finished | 'not-held'>
  /**
   * Waits for the run of an earlier request with this one's key; `undefined` when that is lost.
   * @throws GatewayError Deadline, Cancelled when this one's caller cannot wait
   */
  readonly follow: (requestId: RequestId, admitted: Admitted, signal: AbortSignal) => Promise<Finished | undefined>
  /** Keeps what answered a conversation, for its next turn. Never rejects. */
  readonly remember?: (reserved: Reserved, finished: Finished) => Promise<void>
  readonly settle: (reserved: Reserved, finished: Finished | undefined) => Promise<void>
  /** Examines the result in the background: returns at once and never throws. */
  readonly learn: (reserved: Reserved, finished: Finished) => void
}

interface Opened<Under> {
  readonly reserved: Reserved
  readonly under: Under
}

/** The calls that the router takes. */
export interface RequestHandler {
  /** A caller waits for the answer. */
  infer(incoming: Incoming, signal: AbortSignal, emit?: EmitEvent): Promise<Finished>
  /** A job: resolves as soon as it is durable; the cascade continues in the background. */
  submit(incoming: Incoming, signal: AbortSignal): Promise<RequestId>
  /**
   * A job whose end is waited for; it continues when the caller leaves. `onJob` hears its id as soon as it may be
   * at work. One that was submitted before with the same idempotency key is waited for, whatever its end.
   */
  runJob(incoming: Incoming, signal: AbortSignal, onJob: (jobId: RequestId) => void): Promise<Finished>
  /** What would be done, without doing or holding anything. */
  explain(incoming: Incoming, signal: AbortSignal): Promise<Chosen>
}

/**
 * Puts the stages in their order. `background` takes cascades that go on when their caller has its job, `afterwards`
 * what a caller with an answer need not wait for; without it, callers wait.
 */
export function createRequestHandler<Under>(
  stages: Stages<Under>,
  background: (inProgress: Promise<unknown>) => void,
  afterwards?: (work: () => Promise<unknown>) => void,
): RequestHandler {
  /**
   * The ladder and the first step; whatever fails from here to a cascade that is durable leaves neither key nor hold
   * behind.
   */
  const decide = async (admitted: Admitted): Promise<Chosen> => {
    const chosen = stages.choose(await stages.assess(admitted), true)
    stages.expect?.(chosen)
    return chosen
  }

  /** From a hold, or one that is left to the dispatch, to a cascade that is durable, or will be with its first leg. */
  const open = async (reserved: Reserved): Promise<Opened<Under>> => {
    try {
      return { reserved, under: await stages.start(reserved) }
    } catch (error) {
      await stages.settle(reserved, undefined)
      throw error
    }
  }
  const openHeld = async (chosen: Chosen): Promise<Opened<Under>> => open(await stages.reserve(chosen))
  const openSoon = async (chosen: Chosen): Promise<Opened<Under>> =>
    open(stages.deferReserve?.(chosen) ?? (await stages.reserve(chosen)))

  const keyless = async <Result>(admitted: Admitted, work: Promise<Result>): Promise<Result> => {
    try {
      return await work
    } catch (error) {
      stages.dismiss?.(admitted)
      await stages.releaseKey(admitted).catch(() => {
        // The store that keeps the key is away, which is most likely the error that is on its way to the caller
        // already.
      })
      throw error
    }
  }

  const cascade = async (
    { reserved, under }: Opened<Under>,
    signal: AbortSignal,
    emit?: EmitEvent,
  ): Promise<Finished | 'not-held'> => {
    const finished = await stages.run(under, signal, emit).catch(async (error: unknown) => {
      await stages.settle(reserved, undefined)
      throw error
    })
    if (finished === 'not-held') return finished
    const close = async (): Promise<void> => {
      await Promise.all([stages.remember?.(reserved, finished), stages.settle(reserved, finished)])
    }
    if (finished.end.kind === 'answered' && afterwards !== undefined) afterwards(close)
    else await close()
    stages.keepAnswer?.(reserved, finished)
    stages.learn(reserved, finished)
    return finished
  }

  /**
   * A dispatch that does not hold the money most often meets a budget that is nearly spent: the ledger then says what
   * it still covers.
   */
  const cascadePaid = async (
    chosen: Chosen,
    opened: Opened<Under>,
    signal: AbortSignal,
    emit?: EmitEvent,
  ): Promise<Finished> => {
    const finished = await cascade(opened, signal, emit)
    const paid = finished === 'not-held' ? await cascade(await openHeld(chosen), signal, emit) : finished
    if (paid === 'not-held') throw new Error('money that is held was not held by the dispatch')
    return paid
  }

  /**
   * What came of the run that the key belongs to; `undefined` where it belongs to this request, since there was none
   * or it ended for another caller's sake.
   */
  const originalOf = async (admitted: Admitted, signal: AbortSignal): Promise<Finished | undefined> => {
    for (;;) {
      const earlier = await stages.findOriginal(admitted, signal)
      if (earlier === undefined) return undefined
      stages.endTurn?.(admitted.requestId)
      const finished = await stages.follow(earlier, admitted, signal)
      if (finished !== undefined && !isTakenOver(finished.end)) return finished
    }
  }

  const inferInTurn = async (admitted: Admitted, signal: AbortSignal, emit?: EmitEvent): Promise<Finished> => {
    const original = await originalOf(admitted, signal)
    if (original !== undefined) return original
    const chosen = await keyless(admitted, decide(admitted))
    const { announce, following } = createAnnouncement(chosen, emit)
    try {
      const opened = await keyless(admitted, openSoon(chosen))
      if (admitted.request.idempotencyKey === undefined) return await cascadePaid(chosen, opened, signal, following)
      return await untilLeft(cascadePaid(chosen, opened, new AbortController().signal, following), signal, background)
    } catch (error) {
      await announce().catch(() => {
        // The caller has left, or gets the error that follows.
      })
      throw error
    }
  }

  /** The run continues in the background, and ends the turn; without one, the turn is over. */
  const submitInTurn = async (admitted: Admitted, signal: AbortSignal): Promise<RequestId> => {
    const earlier = await stages.findOriginal(admitted, signal)
    if (earlier !== undefined) {
      stages.endTurn?.(admitted.requestId)
      return earlier
    }
    const opened = await keyless(admitted, decide(admitted).then(openHeld))
    background(cascade(opened, new AbortController().signal).finally(() => stages.endTurn?.(admitted.requestId)))
    return admitted.requestId
  }

  const runInTurn = async (
    admitted: Admitted,
    signal: AbortSignal,
    onJob: (jobId: RequestId) => void,
  ): Promise<Finished> => {
    const earlier = await stages.findOriginal(admitted, signal)
    if (earlier !== undefined) {
      stages.endTurn?.(admitted.requestId)
      onJob(earlier)
      const finished = await stages.follow(earlier, admitted, signal)
      if (finished !== undefined) return finished
      throw new GatewayError('Overloaded', 'the log has lost the job', { retryAfterMs: 1000 })
    }
    const chosen = await keyless(admitted, decide(admitted))
    const opened = await keyless(admitted, openHeld(chosen))
    onJob(admitted.requestId)
    return untilLeft(cascadePaid(chosen, opened, new AbortController().signal), signal, background)
  }

  const admit = async (incoming: Incoming, signal: AbortSignal): Promise<Admitted> => {
    const sound = await stages.admit(incoming, signal)
    const guarded = stages.guard?.(sound) ?? sound
    return (await stages.retrieve?.(incoming, guarded, signal)) ?? guarded
  }

  const admitInTurn = async (incoming: Incoming, signal: AbortSignal): Promise<Admitted> => {
    const admitted = await admit(incoming, signal)
    await stages.awaitTurn?.(incoming, admitted, signal)
    return admitted
  }

  return {
    async infer(incoming, signal, emit) {
      const admitted = await admit(incoming, signal)
      try {
        const kept = await stages.findAnswer?.(incoming, admitted, signal)
        if (kept !== undefined) {
          if (emit !== undefined) await tellFound(kept, emit)
          return kept
        }
        await stages.awaitTurn?.(incoming, admitted, signal)
        return await inferInTurn(admitted, signal, emit)
      } finally {
        stages.endTurn?.(admitted.requestId)
      }
    },
    async runJob(incoming, signal, onJob) {
      const admitted = await admitInTurn(incoming, signal)
      try {
        return await runInTurn(admitted, signal, onJob)
      } finally {
        stages.endTurn?.(admitted.requestId)
      }
    },
    async submit(incoming, signal) {
      const admitted = await admitInTurn(incoming, signal)
      try {
        return await submitInTurn(admitted, signal)
      } catch (error) {
        stages.endTurn?.(admitted.requestId)
        throw error
      }
    },
    async explain(incoming, signal) {
      const admitted = await admitInTurn(incoming, signal)
      try {
        return stages.choose(await stages.assess(admitted))
      } finally {
        stages.endTurn?.(admitted.requestId)
      }
    },
  }
}
