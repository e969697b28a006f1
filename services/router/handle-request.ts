import type { RequestId } from '../shared/contract/ids.ts'
import type { Admitted, Assessed, Chosen, Claimed, Climbed, EmitEvent, Incoming } from './states.ts'

/** Every stage of a request, in the order in which it meets them. `Under` is a climb under way, whatever the climber makes of it. */
export interface Stages<Under> {
  readonly admit: (incoming: Incoming, signal: AbortSignal) => Promise<Admitted>
  /** The earlier request that an idempotency key belongs to, if there is one. */
  readonly recall: (admitted: Admitted) => Promise<RequestId | undefined>
  readonly forget: (admitted: Admitted) => Promise<void>
  readonly assess: (admitted: Admitted) => Promise<Assessed>
  readonly choose: (assessed: Assessed) => Chosen
  readonly claim: (chosen: Chosen) => Promise<Claimed>
  readonly start: (claimed: Claimed) => Promise<Under>
  readonly walk: (under: Under, signal: AbortSignal, emit?: EmitEvent) => Promise<Climbed>
  /** Waits for a climb that runs elsewhere. */
  readonly follow: (requestId: RequestId, signal: AbortSignal) => Promise<Climbed>
  readonly settle: (claimed: Claimed, climbed: Climbed | undefined) => Promise<void>
  /** Looks at what came of it, behind the caller's back: returns at once and throws nothing. */
  readonly learn: (claimed: Claimed, climbed: Climbed) => void
}

/** The ways through the router. */
export interface RequestHandler {
  /** A caller waits for the answer. */
  infer(incoming: Incoming, signal: AbortSignal, emit?: EmitEvent): Promise<Climbed>
  /** A job: resolves as soon as it is durable; the climb goes on behind. */
  submit(incoming: Incoming, signal: AbortSignal): Promise<RequestId>
  /** What would be done, without doing or holding anything. */
  explain(incoming: Incoming, signal: AbortSignal): Promise<Chosen>
}

/**
 * Puts the stages in their order. `background` takes climbs that go on when their caller has its job, `afterwards` what a caller with an
 * answer need not wait for; without it, callers wait.
 */
export function createRequestHandler<Under>(
  stages: Stages<Under>,
  background: (climbing: Promise<unknown>) => void,
  afterwards?: (work: () => Promise<unknown>) => void,
): RequestHandler {
  /** From admitted to a climb that is durable; whatever fails before that leaves neither key nor hold behind. */
  const open = async (admitted: Admitted, emit?: EmitEvent): Promise<{ claimed: Claimed; under: Under }> => {
    try {
      const chosen = stages.choose(await stages.assess(admitted))
      await emit?.({ kind: 'decided', chosen })
      const claimed = await stages.claim(chosen)
      try {
        return { claimed, under: await stages.start(claimed) }
      } catch (error) {
        await stages.settle(claimed, undefined)
        throw error
      }
    } catch (error) {
      await stages.forget(admitted).catch(() => {
        // The store that keeps the key is away, which is most likely the error that is on its way to the caller already.
      })
      throw error
    }
  }

  const climb = async (
    { claimed, under }: { claimed: Claimed; under: Under },
    signal: AbortSignal,
    emit?: EmitEvent,
  ) => {
    let climbed: Climbed | undefined
    try {
      climbed = await stages.walk(under, signal, emit)
      return climbed
    } finally {
      if (climbed?.end.kind === 'answered' && afterwards !== undefined)
        afterwards(() => stages.settle(claimed, climbed))
      else await stages.settle(claimed, climbed)
      if (climbed !== undefined) stages.learn(claimed, climbed)
    }
  }

  return {
    async infer(incoming, signal, emit) {
      const admitted = await stages.admit(incoming, signal)
      const earlier = await stages.recall(admitted)
      if (earlier !== undefined) return stages.follow(earlier, signal)
      return climb(await open(admitted, emit), signal, emit)
    },
    async submit(incoming, signal) {
      const admitted = await stages.admit(incoming, signal)
      const earlier = await stages.recall(admitted)
      if (earlier !== undefined) return earlier
      const opened = await open(admitted)
      background(climb(opened, new AbortController().signal))
      return admitted.requestId
    },
    async explain(incoming, signal) {
      return stages.choose(await stages.assess(await stages.admit(incoming, signal)))
    },
  }
}
