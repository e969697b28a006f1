import { runCalibrate, type CalibrateOptions, type CalibrateReport } from '#services/calibrate/calibrate'
import { runEval } from '#services/calibrate/eval'
import type { EvalReport, Slice } from '#services/calibrate/report'
import { runReplay } from '#services/calibrate/replay'
import { runScore } from '#services/calibrate/score'
import { GatewayError } from '#services/contract/errors'
import type { CommonOptions } from '#services/cli/client/common-options'
import { readNumber } from '#services/cli/client/number-option'
import { withEncoders } from './encoders.ts'
import { gatherRecords } from './outcome-records.ts'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `calibrate`. */
export interface CalibrateFlags extends CommonOptions {
  readonly outcomes?: readonly string[]
  readonly fromRedis?: boolean
  readonly redis?: string
  readonly ladder?: string
  readonly tenant?: string
  readonly out: string
  readonly models?: string
  readonly seed: string
  /** A pack, or `none`. */
  readonly encoder: string
  /** A pack, or `none`. */
  readonly domainEncoder: string
}

/** `sluice calibrate` */
export async function runCalibrateCommand(options: CalibrateFlags, terminal: Terminal): Promise<void> {
  const { out } = options
  const seed = wholeNumber(options.seed, '--seed')
  const source = await sourceOf(options)
  const { encoder, domainEncoder } = options
  const report = await withEncoders(terminal, ({ tryOpen }) =>
    runCalibrate({
      out,
      seed,
      ...source,
      ...(encoder === 'none' ? {} : { openEncoder: () => tryOpen(encoder) }),
      ...(domainEncoder === 'none' ? {} : { openDomainEncoder: () => tryOpen(domainEncoder) }),
    }),
  )
  if (terminal.json) {
    terminal.value(report)
    return
  }
  for (const warning of report.warnings) terminal.note(terminal.paint('yellow', `warning: ${warning}`))
  terminal.line(`${report.rows} rows, ${report.models.join(' → ')}`)
  terminal.line(
    `without limits: score ${report.meanScore.toFixed(4)}, ${costOf(report.meanCostUsd, report)}, ${(100 * report.escalationRatio).toFixed(1)} % escalate`,
  )
  if (report.encoder !== undefined) terminal.line(encoderLine(encoder, report.encoder))
  for (const { maxRisk, meanCostUsd } of report.certified) {
    const held = meanCostUsd === null ? 'not certified: everything escalates' : costOf(meanCostUsd, report)
    terminal.line(`risk of a cheaper wrong answer at most ${100 * maxRisk} % (confidence 90 %): ${held}`)
  }
  terminal.line(terminal.paint('green', `policy written to ${out}`))
}

function encoderLine(pack: string, { used, gainRatio }: NonNullable<CalibrateReport['encoder']>): string {
  const share = `${(100 * gainRatio).toFixed(1)} % of the squared error of predicted scores`
  return used ? `the encoder ${pack} removes ${share}` : `the encoder ${pack} is not used: it would remove ${share}`
}

/** The rows to fit on: tables, or what a gateway has recorded of a ladder, whose rungs then set the order. */
async function sourceOf(options: CalibrateFlags): Promise<Pick<CalibrateOptions, 'outcomes' | 'gathered' | 'models'>> {
  const { outcomes = [], fromRedis, ladder, models } = options
  const named = models?.split(',').map(name => name.trim())
  const given = named === undefined ? {} : { models: named }
  if (outcomes.length > 0 === (fromRedis === true)) {
    throw new GatewayError('Config', 'expected either --outcomes or --from-redis')
  }
  if (fromRedis !== true) return { outcomes, ...given }
  if (ladder === undefined) throw new GatewayError('Config', '--from-redis: --ladder is required')
  const gathered = await gatherRecords({ ...options, ladder })
  return { outcomes, gathered, models: gathered.models, ...given }
}

/** Options of `score`. */
export interface ScoreFlags extends CommonOptions {
  readonly policy: string
  readonly inputs: string
  readonly out: string
}

/** `sluice score` */
export async function runScoreCommand(options: ScoreFlags, terminal: Terminal): Promise<void> {
  const rows = await withEncoders(terminal, ({ open }) => runScore({ ...options, openEncoder: open }))
  if (terminal.json) terminal.value({ rows, out: options.out })
  else terminal.line(`${rows} rows written to ${options.out}`)
}

/** Options of `replay`. */
export interface ReplayFlags extends CommonOptions {
  readonly policy: string
  readonly inputs: string
  readonly out: string
  readonly budgets?: string
  readonly maxRisks?: string
  readonly seed: string
}

/** `sluice replay` */
export async function runReplayCommand(options: ReplayFlags, terminal: Terminal): Promise<void> {
  const { policy, inputs, out } = options
  const budgets = numbers(options.budgets, '--budgets', mostUsd)
  const maxRisks = numbers(options.maxRisks, '--max-risks', 1)
  const seed = wholeNumber(options.seed, '--seed')
  const report = await withEncoders(terminal, ({ open }) =>
    runReplay({ policy, inputs, out, budgets, maxRisks, seed, openEncoder: open }),
  )
  if (terminal.json) {
    terminal.value(report)
    return
  }
  for (const { budgetUsd, meanCostUsd } of report.budgets) {
    terminal.line(`budget ${budgetUsd}: ${costOf(meanCostUsd, report, 4)}`)
  }
  for (const { maxRisk, meanCostUsd } of report.maxRisks) {
    terminal.line(`risk at most ${maxRisk}: ${costOf(meanCostUsd, report, 4)}`)
  }
  terminal.line(terminal.paint('green', `${report.rows} rows replayed, written to ${out}`))
}

/** Options of `eval`. */
export interface EvalFlags {
  readonly policy: string
  readonly outcomes: string
  readonly by: string
  readonly maxRisk?: string
  readonly certify?: boolean
  readonly json?: string
  readonly html?: string
  readonly seed: string
}

/** `sluice eval` */
export async function runEvalCommand(options: EvalFlags, terminal: Terminal): Promise<void> {
  const { seed, maxRisk, ...files } = options
  const limit = maxRisk === undefined ? {} : { maxRisk: readNumber('--max-risk', maxRisk, { from: 0, to: 1 }) }
  const report = await withEncoders(terminal, ({ open }) =>
    runEval({ ...files, ...limit, seed: wholeNumber(seed, '--seed'), openEncoder: open }),
  )
  if (report.fittedOn) {
    terminal.note(terminal.paint('yellow', 'warning: the policy was fitted on these rows, so the figures are too good'))
  }
  const { score, costUsd, marginalRisk } = report.chosen
  terminal.line(`${report.rows} rows, ${report.models.join(' → ')}; 95 % intervals in brackets`)
  terminal.line(`score ${interval(score)}, ${costOf(costUsd.value, report)}, risk ${interval(marginalRisk)}`)
  terminal.line(`AIQ ${interval(report.aiq.policy)}, over a random mix ${interval(report.aiq.gain)}`)
  terminal.line(
    `ECE of P(correct) after the call ${interval(report.ece)}; chance alone would leave ${report.eceOfChance.toFixed(4)}`,
  )
  for (const { name, apgr } of report.routers) terminal.line(`APGR, ${name}: ${interval(apgr)}`)
  showSlices(report, terminal)
  for (const file of [options.json, options.html]) {
    if (file !== undefined) terminal.line(terminal.paint('green', `written to ${file}`))
  }
}

/** The slices as a table, and a warning of each whose risk is over the limit. */
function showSlices({ slicing, slices, costsKnown }: EvalReport, terminal: Terminal): void {
  if (slices.length < 2 && slices[0]?.name === '') return
  terminal.line(`slices by ${slicing.by}; limit on the risk ${percentOf(slicing.limit)}`)
  for (const one of slices) terminal.line(`  ${sliceLine(one, costsKnown)}`)
  for (const { name, warning } of slices) {
    if (warning === undefined) continue
    terminal.note(terminal.paint('yellow', `warning: ${slicing.by} ${name} ${warning} the limit on the risk`))
  }
}

function sliceLine({ name, rows, policy, escalation, risk, costUsd, ...one }: Slice, costsKnown: boolean): string {
  const cost = `${costsKnown ? '$' : ''}${costUsd.value.toPrecision(3)}`
  const bound = one.riskBound === undefined ? '' : `, ${one.isCertified === true ? '' : 'not '}certified`
  const figures = `score ${span(policy)}, escalated ${span(escalation)}, cost ${cost}, risk ${span(risk)}${bound}`
  return `${name === '' ? '(none)' : name} (${rows}): ${figures}`
}

function span({ value, low, high }: { value: number; low: number; high: number }): string {
  return `${percentOf(value)} [${percentOf(low)}, ${percentOf(high)}]`
}

function percentOf(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** A mean cost, or its substitute where costs are unknown. */
function costOf(mean: number, { costsKnown }: { readonly costsKnown: boolean }, digits = 3): string {
  const figure = mean.toPrecision(digits)
  return costsKnown ? `cost $${figure} a request` : `${figure} calls of the most expensive model a request`
}

function interval({ value, low, high }: { value: number; low: number; high: number }): string {
  return `${value.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`
}

/** A mean budget of a request above this is a slip of the pen. */
const mostUsd = 9_000_000

/** Numbers with commas between them, each from 0 to `most`. */
function numbers(text: string | undefined, flag: string, most: number): readonly number[] {
  return (text?.split(',') ?? []).map(word => {
    return readNumber(flag, word, { from: 0, to: most })
  })
}

function wholeNumber(text: string, flag: string): number {
  return readNumber(flag, text, { from: 0, to: Number.MAX_SAFE_INTEGER, whole: true })
}
