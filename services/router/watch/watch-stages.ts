import { isGatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { Cascade } from '#services/router/cascade/cascade'
import type { Stages } from '#services/router/pipeline/handle-request'
import type { RequestWatch } from './request-watch.ts'

/** Lets the watch see every stage of a request. The stages themselves know nothing of it. */
export function watchStages(stages: Stages<Cascade>, watch: RequestWatch): Stages<Cascade> {
  /** Times a stage and records its failure: a request that ends there has no cascade that would. */
  const watched = async <Result>(requestId: RequestId, stage: string, work: () => Promise<Result>): Promise<Result> => {
    const sinceMs = performance.now()
    try {
      const result = await work()
      watch.passed(requestId, stage, sinceMs)
      return result
    } catch (error) {
      failed(requestId, error, watch)
      throw error
    }
  }
  return {
    ...stages,
    async admit(incoming, signal) {
      const sinceMs = performance.now()
      const admitted = await stages.admit(incoming, signal)
      watch.admitted(admitted, incoming.arrivedAt, sinceMs)
      return admitted
    },
    ...(stages.awaitTurn === undefined
      ? {}
      : {
          awaitTurn: (incoming, admitted, signal) =>
            watched(admitted.requestId, 'turn', async () => stages.awaitTurn?.(incoming, admitted, signal)),
        }),
    dismiss(admitted) {
      stages.dismiss?.(admitted)
      watch.dismissed(admitted.requestId)
    },
    endTurn(requestId) {
      stages.endTurn?.(requestId)
      watch.forgotten(requestId)
    },
    assess: admitted => watched(admitted.requestId, 'assess', () => stages.assess(admitted)),
    choose(assessed, mayProbe) {
      const sinceMs = performance.now()
      const chosen = choosing(() => stages.choose(assessed, mayProbe), assessed.requestId, watch)
      watch.passed(assessed.requestId, 'choose', sinceMs)
      return chosen
    },
    expect(chosen) {
      stages.expect?.(chosen)
      watch.decided(chosen)
    },
    reserve: chosen => watched(chosen.requestId, 'reserve', () => stages.reserve(chosen)),
    start: reserved => watched(reserved.requestId, 'open', () => stages.start(reserved)),
    run: (cascade, signal, emit) =>
      watched(cascade.request.requestId, 'cascade', () => stages.run(cascade, signal, emit)),
    settle: (reserved, finished) => watched(reserved.requestId, 'settle', () => stages.settle(reserved, finished)),
  }
}

function choosing<Result>(work: () => Result, requestId: RequestId, watch: RequestWatch): Result {
  try {
    return work()
  } catch (error) {
    failed(requestId, error, watch)
    throw error
  }
}

/** What is no failure of the family is a bug, whose words stay inside. */
function failed(requestId: RequestId, error: unknown, watch: RequestWatch): void {
  if (isGatewayError(error)) watch.refused(requestId, error.code, error.message)
  else watch.refused(requestId, 'Internal', 'a bug; the log of the router tells more')
}
