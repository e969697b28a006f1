import type { IncomingHttpHeaders } from 'node:http'
import { invalidField } from '#services/contract/errors'
import { fromUsd } from '#services/contract/money'
import type { RetrievalOptions } from '#services/contract/retrieval/evidence'
import type { InferenceRequest, PriorityClass, RequestConstraints } from '#services/contract/request'

/** What the headers of a call say of its request. */
export interface HeaderSettings extends Pick<InferenceRequest, 'labels' | 'idempotencyKey' | 'sessionKey'> {
  readonly constraints: Omit<RequestConstraints, 'model' | 'ladder'>
  /** The client's own timeout, where its library sends it. */
  readonly clientTimeoutMs?: number
  /** What the answer is to come from. */
  readonly retrieval?: RetrievalOptions
}

const priorities: readonly PriorityClass[] = ['interactive', 'normal', 'batch', 'sheddable']

/**
 * Reads `x-sluice-*`, `idempotency-key` and the time-out header of both wires' clients.
 * @throws GatewayError InvalidRequest that names the header
 */
export function readSettings(headers: IncomingHttpHeaders): HeaderSettings {
  const text = (name: string): string | undefined => {
    const value = headers[name]
    const one = Array.isArray(value) ? value[0] : value
    return one === undefined || one === '' ? undefined : one
  }
  const number = (name: string): number | undefined => {
    const value = text(name)
    if (value === undefined) return undefined
    const read = Number(value)
    if (!Number.isFinite(read) || read < 0) throw invalidField(name, 'expected a number from 0')
    return read
  }
  const cost = number('x-sluice-max-cost-usd')
  const tags = text('x-sluice-tags')
  const timeout = Number(text('x-stainless-timeout') ?? Number.NaN)
  return {
    constraints: {
      priority: readPriority(text('x-sluice-priority')),
      ...present('maxCostNanoUsd', cost === undefined ? undefined : fromUsd(cost)),
      ...present('maxRisk', number('x-sluice-max-risk')),
      ...present('minQuality', number('x-sluice-min-quality')),
      ...present('deadlineMs', number('x-sluice-deadline-ms')),
      ...present('tier', text('x-sluice-tier')),
    },
    labels: tags === undefined ? {} : readTags(tags),
    ...present('idempotencyKey', text('idempotency-key')),
    ...present('sessionKey', text('x-sluice-session')),
    ...present('retrieval', readRetrieval(text('x-sluice-index'), number('x-sluice-passages'))),
    ...present('clientTimeoutMs', timeout > 0 ? timeout * 1000 : undefined),
  }
}

function readRetrieval(index: string | undefined, passages: number | undefined): RetrievalOptions | undefined {
  return index === undefined ? undefined : { index, ...present('passages', passages) }
}

/** A field where there is a value, nothing where there is none. */
export function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined | null,
): { readonly [N in Name]?: Value } {
  return value === undefined || value === null ? {} : ({ [name]: value } as { readonly [N in Name]: Value })
}

function readPriority(word: string | undefined): PriorityClass {
  const found = priorities.find(one => one === (word ?? 'normal'))
  if (found === undefined) throw invalidField('x-sluice-priority', `expected one of ${priorities.join(', ')}`)
  return found
}

/** `name=value, name=value` */
function readTags(text: string): Record<string, string> {
  const pairs = text.split(',').map(pair => {
    const at = pair.indexOf('=')
    if (at < 1) throw invalidField('x-sluice-tags', 'expected name=value, separated by commas')
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const
  })
  return Object.fromEntries(pairs)
}
