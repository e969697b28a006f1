import { isWords, wordsIn } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import { isNanoUsd } from '#services/contract/money'
import type { InferenceRequest, RequestConstraints } from '#services/contract/request'
import { messageFaults } from './check-messages.ts'
import { optionFaults } from './check-options.ts'
import { fault, rangeFault, type Faults } from './faults.ts'

/** What requests are held to. */
export interface RequestLimits {
  readonly parts: number
  /** Of one message. */
  readonly textCharacters: number
  readonly messages: number
  /** Of a whole conversation. */
  readonly conversationCharacters: number
  /** Names of every configured model and rung, and of every tier. */
  readonly models: ReadonlySet<string>
  readonly tiers: ReadonlySet<string>
  /** Names of every ladder. */
  readonly ladders: ReadonlySet<string>
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
}

const longestKey = 256
const mostLabels = 16
const longestLabel = 256

/**
 * Checks everything of a request but its media.
 * @throws GatewayError InvalidRequest with every fault at once, each with its field
 */
export function checkRequest(request: InferenceRequest, limits: RequestLimits): void {
  const violations = [
    ...partFaults(request, limits),
    ...messageFaults(request, limits),
    ...optionFaults(request, limits),
    ...constraintFaults(request.constraints, limits),
    ...nameFaults(request),
  ]
  const [first] = violations
  if (first === undefined) return
  throw new GatewayError('InvalidRequest', `${first.field}: ${first.description}`, { stage: 'admit', violations })
}

function partFaults(request: InferenceRequest, limits: RequestLimits): Faults {
  const { task, parts, messages, options } = request
  if (messages === undefined && parts.length === 0) return fault(true, 'content', 'expected at least one part')
  const words = parts.reduce((sum, part) => sum + (isWords(part) ? wordsIn(part).length : 0), 0)
  const total = words + (options.instruction?.length ?? 0)
  const most = messages === undefined ? limits.textCharacters : limits.conversationCharacters
  const place = messages === undefined ? 'content' : 'messages'
  return [
    ...fault(total > most, place, `expected at most ${most} characters of text, found ${total}`),
    ...(messages === undefined ? contentFaults(request, limits) : []),
    ...parts.flatMap((part, index) =>
      fault(
        task === 'generate_image' && !isWords(part),
        `content[${index}].${part.kind}`,
        'task generate_image takes text alone',
      ),
    ),
  ]
}

function contentFaults({ parts }: InferenceRequest, limits: RequestLimits): Faults {
  if (parts.length > limits.parts) return fault(true, 'content', `expected at most ${limits.parts} parts`)
  return parts.flatMap((part, index) =>
    fault(part.kind === 'text' && part.text.trim() === '', `content[${index}].text`, 'expected text, found none'),
  )
}

function constraintFaults(constraints: RequestConstraints, { models, ladders, tiers }: RequestLimits): Faults {
  const { deadlineMs, maxCostNanoUsd, maxRisk, minQuality, model, ladder, tier, adapter } = constraints
  return [
    ...fault(
      deadlineMs !== undefined && !(Number.isFinite(deadlineMs) && deadlineMs > 0),
      'constraints.deadline',
      'expected more than nothing',
    ),
    ...fault(
      maxCostNanoUsd !== undefined && !isNanoUsd(maxCostNanoUsd),
      'constraints.max_cost_nano_usd',
      'expected a whole amount from 0 to 2^53 - 1',
    ),
    ...rangeFault(maxRisk, 0, 1, 'constraints.max_risk'),
    ...rangeFault(minQuality, 0, 1, 'constraints.min_quality'),
    ...fault(
      model !== undefined && !models.has(model),
      'constraints.model',
      `there is no such model; there are: ${[...models].join(', ')}`,
    ),
    ...fault(
      ladder !== undefined && !ladders.has(ladder),
      'constraints.ladder',
      `there is no such ladder; there are: ${[...ladders].join(', ')}`,
    ),
    ...fault(
      tier !== undefined && !tiers.has(tier),
      'constraints.tier',
      `there is no such tier; there are: ${[...tiers].join(', ')}`,
    ),
    ...fault((adapter?.length ?? 0) > longestKey, 'constraints.adapter', `expected at most ${longestKey} characters`),
  ]
}

function nameFaults({ idempotencyKey, sessionKey, labels }: InferenceRequest): Faults {
  const entries = Object.entries(labels)
  return [
    ...fault(
      (idempotencyKey?.length ?? 0) > longestKey,
      'idempotency_key',
      `expected at most ${longestKey} characters`,
    ),
    ...fault((sessionKey?.length ?? 0) > longestKey, 'session_key', `expected at most ${longestKey} characters`),
    ...fault(entries.length > mostLabels, 'labels', `expected at most ${mostLabels}`),
    ...fault(
      entries.some(([key, value]) => key.length > 64 || value.length > longestLabel),
      'labels',
      `expected names of at most 64 characters and values of at most ${longestLabel}`,
    ),
  ]
}
