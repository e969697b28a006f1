import type { Part, Task, TaskOptions } from './content.ts'
import type { MessageSpan } from './conversation.ts'
import type { NanoUsd } from './money.ts'

/** How urgent a request is; `sheddable` ones are refused first under overload. */
export type PriorityClass = 'interactive' | 'normal' | 'batch' | 'sheddable'

/** Limits that a caller sets. */
export interface RequestConstraints {
  /** Time from arrival to answer. */
  readonly deadlineMs?: number
  readonly maxCostNanoUsd?: NanoUsd
  /** Highest risk in [0,1] that the answer is wrong where the most expensive rung's is right. */
  readonly maxRisk?: number
  /** Least calibrated confidence in [0,1] to accept a rung. */
  readonly minQuality?: number
  /** Only this ladder, by its name in the configuration. */
  readonly ladder?: string
  readonly model?: string
  readonly tier?: string
  readonly adapter?: string
  readonly priority: PriorityClass
}

/** A request as a client means it, free of the wire. */
export interface InferenceRequest {
  readonly task: Task
  readonly parts: readonly Part[]
  /** `generate`: the messages that the parts make; one of the user when absent. */
  readonly messages?: readonly MessageSpan[]
  readonly options: TaskOptions
  readonly constraints: RequestConstraints
  readonly idempotencyKey?: string
  readonly sessionKey?: string
  readonly labels: Readonly<Record<string, string>>
}
