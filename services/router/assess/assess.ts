import { performance } from 'node:perf_hooks'
import { isWords, type Modality } from '#services/contract/content'
import type { Estimate, PartDescription, Policy } from '#services/decision/policy/policy'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import { withoutEvidence, type Admitted, type Assessed, type CheckedPart } from '#services/router/request/states'
import { askedNow, describeConversation } from './describe-conversation.ts'
import { describeHeader } from './describe-header.ts'
import { describeVideo } from '#services/decision/features/describe-video'
import { within } from './within.ts'

/** What assessing needs. */
export interface AssessDependencies {
  readonly ladders: LadderRegistry
  readonly describe: (part: CheckedPart) => Promise<PartDescription>
  /** Told of a part that only its header describes, and why. */
  readonly headerOnly: (kind: Modality, reason: 'timeout' | 'error') => void
}

/**
 * Finds the ladder and estimates how hard the input is for each of its rungs.
 * @throws GatewayError NoModel when no ladder takes it
 */
export type Assess = (admitted: Admitted) => Promise<Assessed>

/** Time for looking into the media: a PNG of the most megapixels that are taken decodes in less on an idle core. */
const describeMs = 1000
/** A policy boxes its own estimate; this is for one that does not keep to its box. */
const estimateMs = 250

/**
 * Makes the stage. What fails is no reason to fail the request: a medium that cannot be looked into in time is
 * described by its header, and where there is no estimate, the policy's default stands in and says so.
 */
export function createAssess({ ladders, describe, headerOnly }: AssessDependencies): Assess {
  const describeInTime = async (part: CheckedPart): Promise<PartDescription> => {
    if (isWords(part)) return describeHeader(part)
    const modality = part.kind
    try {
      const described = await within(describe(part), describeMs)
      if (described !== undefined) return described
      headerOnly(modality, 'timeout')
    } catch {
      // Counted; the decoder's words may quote the content.
      headerOnly(modality, 'error')
    }
    return describeHeader(part)
  }
  const describeAll = (parts: readonly CheckedPart[]): Promise<PartDescription[]> | PartDescription[] =>
    // Words are as they are: there is nothing to wait for.
    parts.every(isWords) ? parts.map(describeHeader) : describeMedia(parts)
  const describeMedia = async (parts: readonly CheckedPart[]): Promise<PartDescription[]> => [
    ...(await Promise.all(parts.filter(isLookedAt).map(describeInTime))),
    ...describeWhole(parts),
  ]
  /** Features of a conversation: its last turn, and the earlier ones. */
  const describeAsked = async (admitted: Admitted): Promise<readonly PartDescription[]> => {
    const asked = askedNow(admitted)
    if (asked === undefined) return describeAll(admitted.parts)
    return [...(await describeAll(asked)), describeConversation(admitted)]
  }
  return async admitted => {
    const startedAt = performance.now()
    const { task, constraints, options } = admitted.request
    const guided = ladders.find({
      task,
      modalities: admitted.modalities,
      ...(constraints.model === undefined ? {} : { pinnedModel: constraints.model }),
      ...(constraints.ladder === undefined ? {} : { ladder: constraints.ladder }),
    })
    const { policy } = guided
    const described = policy === undefined ? [] : await describeAsked(withoutEvidence(admitted))
    const estimate = await estimateOf(described, options.labels, policy)
    return { ...admitted, guided, described, estimate, assessMs: performance.now() - startedAt }
  }
}

/** Of a medium in several views the whole is described by what is known of it, and its sound and frames each. */
function isLookedAt(part: CheckedPart): boolean {
  return isWords(part) || part.viewOf === undefined || part.kind !== 'video'
}

function describeWhole(parts: readonly CheckedPart[]): readonly PartDescription[] {
  const views = parts.filter(part => !isWords(part)).filter(({ viewOf }) => viewOf !== undefined)
  const whole = new Map(views.map(({ viewOf, wholeHeader }) => [viewOf, wholeHeader ?? {}]))
  return [...whole.values()].map(header => ({ kind: 'video', features: describeVideo(header) }))
}

async function estimateOf(
  described: readonly PartDescription[],
  labels: readonly string[] | undefined,
  policy: Policy | undefined,
): Promise<Estimate> {
  if (policy === undefined) return unknown('no-estimator')
  try {
    const estimate = policy.estimate(described, labels)
    return estimate instanceof Promise ? ((await within(estimate, estimateMs)) ?? unknown('timeout')) : estimate
  } catch {
    // Counted by name; the message is withheld, since it may quote the content.
    return unknown('error')
  }
}

/** Even odds, and no predicted qualities. */
function unknown(fallback: NonNullable<Estimate['fallback']>): Estimate {
  return { difficulty: 0.5, models: {}, features: {}, fallback }
}
