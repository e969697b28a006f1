import type { Answer } from '#services/contract/answer'
import { noWork } from '#services/state/service-times/workload'
import type { Admitted, Finished } from '#services/router/request/states'

/** An answer that was kept, as a cascade that has ended: it held no money and called no model. */
export function finishedFrom(admitted: Admitted, answer: Answer, endedAt: number): Finished {
  const { requestId, caller, request, mode, submittedAt, deadlineAt } = admitted
  const { deadlineMs: _counted, ladder: _named, ...constraints } = request.constraints
  return {
    requestId,
    request: {
      requestId,
      tenant: caller.tenant,
      mode,
      idempotent: false,
      task: request.task,
      options: request.options,
      parts: [],
      work: noWork,
      constraints,
      labels: request.labels,
      submittedAt,
      deadlineAt,
    },
    plan: {
      ladder: 'cache',
      policyVersion: answer.policyVersion,
      estimate: {},
      rungs: [],
      holdId: '',
      heldNanoUsd: 0,
    },
    legs: [],
    end: { kind: 'answered', answer },
    endedAt,
  }
}
