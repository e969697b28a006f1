import { createHash } from 'node:crypto'
import { GatewayError } from '#services/contract/errors'
import type { OutcomeRecord, RungOutcome } from '#services/state/outcomes/outcome-record'
import type { KeptOutcome, OutcomeStore } from '#services/state/outcomes/outcome-store'
import type { Outcome, OutcomeRow } from '#services/calibrate/states'
import type { GatheredRows } from './read-rows.ts'

/** Which records are gathered. */
export interface RedisSelection {
  readonly ladder: string
  /** Only this tenant's; absent means all of them. */
  readonly tenant?: string
}

/** Rows out of a gateway's records. */
export interface RedisRows extends GatheredRows {
  /** Rungs of the ladder, from cheap to expensive, as the newest record has them. */
  readonly models: readonly string[]
}

type Rungs = Readonly<Record<string, RungOutcome>>

/** What is known of one request, from all of its records. */
interface Joined {
  newest: OutcomeRecord
  rungs: Rungs
}

/**
 * Gathers what a gateway has recorded of a ladder: one row a request, its feedback joined with its shadow calls.
 * @throws GatewayError Config when there is nothing
 */
export async function gatherFromRedis(
  store: Pick<OutcomeStore, 'read'>,
  { ladder, tenant }: RedisSelection,
): Promise<RedisRows> {
  const requests = new Map<string, Joined>()
  let newest: OutcomeRecord | undefined
  for await (const kept of store.read(ladder, tenant)) {
    join(requests, kept)
    if (newest === undefined || kept.record.at >= newest.at) newest = kept.record
  }
  if (newest === undefined) {
    const whose = tenant === undefined ? '' : ` of tenant ${tenant}`
    throw new GatewayError('Config', `ladder ${ladder}: no outcomes${whose} are recorded in this Redis`)
  }
  const models = newest.ladderRungs
  // By id, so that the same records give the same policy in whatever order they came.
  const joined = [...requests.values()].toSorted((a, b) => (a.newest.requestId < b.newest.requestId ? -1 : 1))
  const rows = joined.map(one => rowOf(one, models))
  const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  return { rows, models, sha256, warnings: warningsOf(joined, models) }
}

/** Request ids are drawn at random, so one id is one request of one tenant. */
function join(requests: Map<string, Joined>, { record }: KeptOutcome): void {
  const before = requests.get(record.requestId)
  if (before === undefined) {
    requests.set(record.requestId, { newest: record, rungs: record.rungs })
    return
  }
  const later = record.at >= before.newest.at
  const [older, newer] = later ? [before.rungs, record.rungs] : [record.rungs, before.rungs]
  const names = new Set([...Object.keys(older), ...Object.keys(newer)])
  before.rungs = Object.fromEntries(
    [...names].map(name => {
      const outcome = newer[name] ?? older[name]!
      return [name, { ...outcome, ...strongest(newer[name], older[name]) }]
    }),
  )
  if (later) before.newest = record
}

/** What a caller says of an answer outweighs what another model says; of two words of a caller the later counts. */
function strongest(
  newer: RungOutcome | undefined,
  older: RungOutcome | undefined,
): Partial<Pick<RungOutcome, 'score' | 'scoreBy'>> {
  const scored = [newer, older].filter(one => one?.score !== undefined)
  const chosen = scored.find(one => one?.scoreBy !== 'agreement') ?? scored[0]
  return { score: chosen?.score, scoreBy: chosen?.scoreBy }
}

function rowOf({ newest, rungs }: Joined, models: readonly string[]): OutcomeRow {
  const { requestId, ladder, features, text } = newest
  const known = models.flatMap((model): [string, Outcome][] => {
    const rung = rungs[model]
    return rung === undefined ? [] : [[model, outcomeOf(rung)]]
  })
  return {
    id: requestId,
    dataset: ladder,
    parts: text === undefined ? [] : [{ kind: 'text', text }],
    features,
    outcomes: Object.fromEntries(known),
  }
}

function outcomeOf(rung: RungOutcome): Outcome {
  const { rawConfidence, signals, answer, outputChars, costNanoUsd, latencyMs, score } = rung
  return {
    confidence: rawConfidence,
    signals,
    answer,
    outputChars,
    costUsd: costNanoUsd / 1e9,
    latencyMs,
    ...(score === undefined ? {} : { score }),
  }
}

function warningsOf(joined: readonly Joined[], models: readonly string[]): readonly string[] {
  const scores = joined.flatMap(({ rungs }) => models.flatMap(model => rungs[model]?.scoreBy ?? []))
  const standIns = scores.filter(by => by === 'agreement').length
  const warnings: string[] = []
  if (standIns > 0) {
    warnings.push(
      `${standIns} of ${scores.length} scores are agreement with the most expensive model: where that is wrong, so are they`,
    )
  }
  const asked = joined.filter(({ newest }) => newest.source === 'feedback').length
  if (asked > 0) {
    warnings.push(
      `${asked} of ${joined.length} requests are here because somebody spoke of them: they may be unlike the rest`,
    )
  }
  if (new Set(joined.map(({ newest }) => newest.policyVersion)).size > 1) {
    warnings.push('the records are of several policies: which rungs were called differs between them')
  }
  return warnings
}
