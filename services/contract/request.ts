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
/** Categories of a guardrail. */
export const guardrailChecks = ['injection', 'personal-data', 'secrets', 'toxicity'] as const
/** One of them. */
export type GuardrailCheck = (typeof guardrailChecks)[number]

/** What is done with a finding: the request or answer is refused, rewritten, marked, or sent to a tier. */
export const guardrailActions = ['refuse', 'redact', 'flag', 'route'] as const
/** One of them. */
export type GuardrailAction = (typeof guardrailActions)[number]

/** What a guardrail looks at: the request, the passages that retrieval finds for it, or an answer. */
export type GuardrailStage = 'before' | 'passages' | 'after'

/** A finding that an answer carries, such as `before:injection`. Holds nothing of the content. */
export type GuardrailFlag = `${GuardrailStage}:${GuardrailCheck}`

/** What the guardrails before made of a request; the ones after need it. */
export interface RequestGuard {
  /** The set of guardrails that is in force. */
  readonly set: string
  /** What stands for the caller's own data in the request, by its placeholder, to be put back into the answer. */
  readonly restore?: Readonly<Record<string, string>>
  readonly flags?: readonly GuardrailFlag[]
}
