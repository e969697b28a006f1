import { estimateOf } from '#services/decision/policy/load-policy'
import { certifiedPoint } from '#services/decision/decide/decide-by-risk'
import { textOf } from '#services/decision/policy/featurize'
import { policySchemaNumber, type PolicyFile } from '#services/decision/policy/policy-schema'
import { chooseSpace } from '#services/calibrate/fit/kernel/choose-space'
import { predictScores, graphOf, withFeatures, type FeaturedRow } from '#services/calibrate/fit/kernel/fit-estimator'
import { choosePoint, fitPath, type UnseenRow } from '#services/calibrate/fit/fit-path'
import { fitReference } from '#services/calibrate/fit/fit-reference'
import { fitDomain, type FittedDomain } from '#services/calibrate/fit/domain/fit-domain'
import { fitRisk } from '#services/calibrate/fit/fit-risk'
import { fitStack, type StackOptions } from '#services/calibrate/fit/fit-stack'
import type { EncoderIdentity, TextEncoder } from '#services/decision/encoder/text-encoder'
import { drawOf } from './draw.ts'
import { crossFit } from '#services/calibrate/fit/folds'
import { createRowReplay } from './replay-row.ts'
import { createCostTable } from '#services/calibrate/load/cost-table'
import { orderModels } from '#services/calibrate/load/order-models'
import { gatherRows, type GatheredRows } from '#services/calibrate/load/read-rows'
import { selectRows } from '#services/calibrate/load/select-rows'
import { writeEstimatorGraph } from '#services/calibrate/publish/write-estimator-graph'
import { openOutputFolder } from '#services/calibrate/publish/write-output'
import { writePolicy } from '#services/calibrate/publish/write-policy'
import { rounded } from './round.ts'
import type { CostTable, OutcomeRow } from './states.ts'

/** Options of `sluice calibrate`. */
export interface CalibrateOptions {
  /** Outcome tables, .jsonl or .jsonl.gz. */
  readonly outcomes: readonly string[]
  /** Instead of files: rows that were gathered already. */
  readonly gathered?: GatheredRows
  /** The policy folder to write. */
  readonly out: string
  /** From cheap to expensive; else ordered by mean cost. */
  readonly models?: readonly string[]
  readonly seed?: number
  /**
   * Opens what turns texts into vectors of meaning; asked only where every row has text, used where that predicts
   * better.
   */
  readonly openEncoder?: () => Promise<TextEncoder | undefined>
  /** Opens an encoder for the domain check, whether or not it improves predictions. */
  readonly openDomainEncoder?: () => Promise<TextEncoder | undefined>
}

/** What came of it, to be shown. */
export interface CalibrateReport {
  readonly rows: number
  readonly models: readonly string[]
  /** Where they are not, a call of the most expensive model counts as 1 and any other as nothing. */
  readonly costsKnown: boolean
  /** At the point that is run at without limits, on rows that no fit had seen. */
  readonly meanScore: number
  readonly meanCostUsd: number
  readonly escalationRatio: number
  /** By limit: what is certified, or `null` where everything escalates. */
  readonly certified: readonly {
    readonly maxRisk: number
    readonly meanCostUsd: number | null
    readonly riskBound: number | null
  }[]
  /**
   * Whether the encoder is used, and the share of the squared error of predicted scores that it takes away; absent
   * where none was tried.
   */
  readonly encoder?: { readonly used: boolean; readonly gainRatio: number }
  readonly warnings: readonly string[]
}

const folds = 5
/** Chance that a bound does not hold. */
const delta = 0.1
const limitsShown = [0.01, 0.02, 0.05, 0.1]

/**
 * Fits a policy on outcome rows and writes its folder.
 *
 * The path of the data: rows → features → estimator (predicts each model's quality) → calibrators (P(correct) of an
 * answer) → prospects (what a further call would bring) → path (score and cost at every price of quality). The path
 * is measured on rows predicted by whole fits that had not seen them (five folds by id and seed, each fold's fits
 * nested inside); what is published is fitted on all rows. What a risk limit needs is fitted and certified apart:
 * {@link fitRisk}.
 * @throws GatewayError Config when the rows cannot make a policy
 */
export async function runCalibrate(options: CalibrateOptions): Promise<CalibrateReport> {
  const seed = options.seed ?? 1
  // Sooner than after minutes of fitting.
  openOutputFolder(options.out)
  const gathered = await (options.gathered ?? gatherRows(options.outcomes))
  const ordered = orderModels(gathered.rows, options.models)
  const { models } = ordered
  const { rows, warnings } = selectRows(gathered.rows, models, seed)
  const costTable = createCostTable(rows, models)
  const usual = Object.fromEntries(models.map(model => [model, usualOf(rows, model, costTable)]))
  const featured = withFeatures(rows)
  const chosenSpace = await chooseSpace(featured, models, { seed, openEncoder: options.openEncoder })
  const { space, encoder, encoderGain } = chosenSpace
  const { domain, identity } = await domainFor(featured, chosenSpace, { ...options, models, seed })
  const stackOptions: StackOptions = { models, space, usual, seed }

  const path = fitPath(unseenRows(featured, stackOptions), models, costTable, seed)
  const chosen = choosePoint(path, rows.length)
  const stack = fitStack(featured, stackOptions)
  const risk = fitRisk(featured, { models, costTable, seed, delta })
  const graph = graphOf(space, stack.estimator)
  const policy: Omit<PolicyFile, 'files'> = {
    schema: policySchemaNumber,
    models: [...models],
    estimator: {
      file: 'estimator.onnx',
      names: space.names,
      means: space.means.map(rounded),
      scales: space.scales.map(rounded),
      grams: graph.gramWeights.length > 0,
      embedding: graph.embeddings.length > 0,
    },
    ...identity,
    ...(domain === undefined ? {} : { domain: domain.file }),
    usual,
    costsKnown: costTable.known,
    calibrators: stack.calibrators,
    ...(stack.labelModel === undefined ? {} : { labelModel: stack.labelModel }),
    prospects: stack.prospects,
    decision: { chosen, rule: 'cheapest within one standard error of the best score', path },
    risk,
    reference: fitReference(featured.map(one => one.features)),
    data: {
      rows: rows.length,
      sha256: gathered.sha256,
      seed,
      datasets: [...new Set(rows.map(row => row.dataset))].toSorted(),
    },
  }
  const graphBytes = writeEstimatorGraph(graph)
  writePolicy(options.out, policy, new Map([['estimator.onnx', graphBytes], ...filesOf(domain)]))
  const { meanScore, meanCostUsd, escalationRatio } = path[chosen]!
  return {
    rows: rows.length,
    models,
    costsKnown: costTable.known,
    ...(encoderGain === undefined ? {} : { encoder: { used: encoder !== undefined, gainRatio: encoderGain } }),
    meanScore,
    meanCostUsd,
    escalationRatio,
    certified: limitsShown.map(maxRisk => {
      const held = certifiedPoint(risk.path, maxRisk)
      return { maxRisk, meanCostUsd: held?.meanCostUsd ?? null, riskBound: held?.riskBound ?? null }
    }),
    warnings: [...gathered.warnings, ...ordered.warnings, ...warnings],
  }
}

/** Fits the domain, and names the encoder that the policy then requires. */
async function domainFor(
  rows: readonly FeaturedRow[],
  space: Awaited<ReturnType<typeof chooseSpace>>,
  options: CalibrateOptions & { readonly models: readonly string[]; readonly seed: number },
): Promise<{ domain: FittedDomain | undefined; identity: { readonly encoder?: EncoderIdentity } }> {
  const { models, seed } = options
  const meaning = await meaningFor(rows, space, options)
  const domain = await fitDomain(rows, { models, seed, meaningOf: meaning?.of })
  const encoder = space.encoder ?? (domain?.file.meaning === undefined ? undefined : meaning?.identity)
  return { domain, identity: encoder === undefined ? {} : { encoder } }
}

function filesOf(domain: FittedDomain | undefined): readonly (readonly [string, Uint8Array])[] {
  return domain === undefined ? [] : [[domain.file.file, domain.bytes]]
}

/**
 * Where the vectors come from by which unlike requests are told: the estimator's encoder, else one that was asked
 * for.
 */
async function meaningFor(
  rows: readonly FeaturedRow[],
  { space, encoder }: Awaited<ReturnType<typeof chooseSpace>>,
  { openEncoder, openDomainEncoder }: CalibrateOptions,
): Promise<{ identity: EncoderIdentity; of: (text: string) => Promise<Float32Array> } | undefined> {
  if (rows.some(({ row }) => textOf(row.parts) === undefined)) return undefined
  const opened = await (encoder === undefined ? openDomainEncoder : openEncoder)?.()
  if (opened === undefined) return undefined
  // What the estimator's space was chosen by need not be encoded again.
  const known = new Map(rows.map(({ row, at }) => [textOf(row.parts), space.points[at]?.embedding]))
  return { identity: opened.identity, of: async text => known.get(text) ?? opened.encode(text) }
}

/** Rows to be replayed by whole fits that have not seen them. */
function unseenRows(rows: readonly FeaturedRow[], options: StackOptions): readonly UnseenRow[] {
  return crossFit(
    rows,
    { ofRow: index => drawOf(rows[index]!.row.id, 'fold', options.seed) % folds, count: folds },
    train => fitStack(train, options),
    (stack, featured) => {
      const estimate = estimateOf(stack, featured.features, predictScores(options.space, stack.estimator, featured))
      return { id: featured.row.id, replay: () => createRowReplay(featured.row, estimate, stack) }
    },
  )
}

function usualOf(rows: readonly OutcomeRow[], model: string, costTable: CostTable): PolicyFile['usual'][string] {
  return {
    costUsd: costTable.usual.get(model) ?? 0,
    latencyMs: median(rows, row => row.outcomes[model]?.latencyMs),
    outputChars: median(rows, row => row.outcomes[model]?.outputChars),
    quality: rows.reduce((sum, row) => sum + (row.outcomes[model]?.score ?? 0), 0) / rows.length,
  }
}

function median(rows: readonly OutcomeRow[], of: (row: OutcomeRow) => number | undefined): number {
  const values = rows.flatMap(row => of(row) ?? []).toSorted((a, b) => a - b)
  return values[values.length >> 1] ?? 0
}
