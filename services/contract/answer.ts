import type { Reasoning, ToolCall } from './content.ts'
import type { GuardrailFlag } from './request.ts'
import type { Grounding } from './retrieval/evidence.ts'
import type { NanoUsd } from './money.ts'
import type { Usage } from './price.ts'

/** What a model gives for a task. */
export type Output =
  | TextOutput
  | { readonly kind: 'labels'; readonly labels: readonly LabelScore[] }
  | { readonly kind: 'embedding'; readonly values: readonly number[]; readonly space: string }
  | { readonly kind: 'image'; readonly mediaType: string; readonly source: PictureSource }

/** What a model says, with the calls of tools that it asks for and what it thought before. */
export interface TextOutput {
  readonly kind: 'text'
  readonly text: string
  readonly toolCalls?: readonly ToolCall[]
  readonly reasoning?: readonly Reasoning[]
  /** How it ended, where known. */
  readonly finishReason?: FinishReason
  /** Of a transcript, where times were asked for: the same text in order of time. */
  readonly segments?: readonly TranscriptSegment[]
}

/** What is said between two times of a recording. */
export interface TranscriptSegment extends TimedText {
  /** Where times of words were asked for. */
  readonly words?: readonly TimedText[]
}

/** A text with its times, from the beginning of the recording. */
export interface TimedText {
  readonly text: string
  readonly startMs: number
  readonly endMs: number
}

/**
 * What a piece of an answer is that comes before its end: a part of its text, of what the model thinks before, or of
 * its calls of tools, as lines that `createCallDeltaReader` reads.
 */
export type DeltaKind = 'text' | 'reasoning' | 'tool-calls'

/** Kinds of pieces, in the order in which they come. */
export const deltaKinds: readonly DeltaKind[] = ['reasoning', 'text', 'tool-calls']

/** A piece of a call of a tool. Calls come one after the other; the first piece of each has its id and name. */
export interface ToolCallDelta {
  /** Place among the calls of the answer. */
  readonly index: number
  readonly id?: string
  readonly name?: string
  /** What comes next of the arguments' JSON. */
  readonly argumentsJson: string
}

/** Pieces as lines of JSON: on their way they are one growing text, as the words of an answer are. */
export function callDeltaLines(deltas: readonly ToolCallDelta[]): string {
  return deltas.map(delta => `${JSON.stringify(delta)}\n`).join('')
}

/** Reads such lines, however their text is cut. */
export function createCallDeltaReader(): (text: string) => readonly ToolCallDelta[] {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.map(line => JSON.parse(line) as ToolCallDelta)
  }
}

/** How a text ended: by itself, at the cap on its length, or with calls of tools. */
export type FinishReason = 'stop' | 'length' | 'tool_calls'

/** Where a drawn picture is: at hand, or put away among its tenant's payloads, as it is in every log. */
export type PictureSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'payload'; readonly payloadId: string; readonly payloadBytes: number }

/** One label with its probability in [0,1]; lists are ordered best first. */
export interface LabelScore {
  readonly label: string
  readonly score: number
}

/** Something that an answer is known to lack, whatever the calibration makes of it. */
export interface Caveat {
  /** For the caller; holds nothing of the content. */
  readonly note: string
  /** The highest probability of being right that the answer can have, in [0,1]. */
  readonly mostConfidence: number
}

/** What a leg of a cascade left behind: the worker's part of the answer. */
export interface LegResult {
  readonly output: Output
  /** The model's own confidence in [0,1] before calibration. */
  readonly rawConfidence: number
  /** Named signs of trust for calibration (log-probability quantiles, repetition, …); finite numbers. */
  readonly signals: Readonly<Record<string, number>>
  /** What the answer is known to lack. */
  readonly caveats?: readonly Caveat[]
  /** What guardrails found in the answer and let pass. */
  readonly flags?: readonly GuardrailFlag[]
  readonly usage: Usage
  /** Cost of other models that read the content first or judged the answer, at their own prices. */
  readonly othersNanoUsd?: NanoUsd
}

/** What the gate made of a rung: trusted, to be passed over, failed, or passed over without a call. */
export type Verdict = 'accepted' | 'escalated' | 'failed' | 'skipped'

/** One rung tried (or skipped) on the way to an answer. */
export interface RungReport {
  readonly model: string
  readonly tier: string
  readonly verdict: Verdict
  readonly reason: string
  /** Calibrated probability in [0,1] that the rung's answer is right; absent when it gave none. */
  readonly confidence?: number
  readonly costNanoUsd: NanoUsd
  readonly latencyMs: number
  readonly usage: Usage
}

/** Why an answer is less than quality asked for. */
export type DegradedReason = 'budget' | 'deadline' | 'no_capacity' | 'rung_failed' | 'overload'

/** What a caller gets. */
export interface Answer {
  readonly output: Output
  readonly model: string
  readonly tier: string
  readonly confidence: number
  readonly rungs: readonly RungReport[]
  readonly costNanoUsd: NanoUsd
  readonly usage: Usage
  readonly latencyMs: number
  readonly degraded?: DegradedReason
  readonly policyVersion: string
  /** Support by the passages that were retrieved for it. */
  readonly grounding?: Grounding
  /** The request is unlike those that the policy was fitted on. */
  readonly outOfDomain?: true
  /** What guardrails found in the request and the answer and let pass. */
  readonly flags?: readonly GuardrailFlag[]
}

/** The text by which answers of different rungs are compared and shown. */
export function answerText(output: Output): string {
  if (output.kind === 'text') {
    const calls = output.toolCalls?.map(call => `${call.name}(${call.argumentsJson})`) ?? []
    return [output.text, ...calls].filter(text => text !== '').join('\n')
  }
  if (output.kind === 'labels') return output.labels[0]?.label ?? ''
  if (output.kind === 'embedding') return `${output.values.length} numbers in ${output.space}`
  const { source } = output
  return `a picture of ${source.kind === 'bytes' ? source.bytes.byteLength : source.payloadBytes} bytes`
}

/** Adds usages field by field; estimated if any is. */
export function addUsage(usages: readonly Usage[]): Usage {
  const sum: Record<string, number> = {}
  let estimated = false
  for (const usage of usages) {
    for (const [name, value] of Object.entries(usage)) {
      if (typeof value === 'number') sum[name] = (sum[name] ?? 0) + value
      else if (value === true) estimated = true
    }
  }
  return estimated ? { ...sum, estimated } : sum
}
