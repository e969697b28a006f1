import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '#services/contract/errors'
import { fromUsd } from '#services/contract/money'
import type { EncoderIdentity, TextEncoder } from '#services/decision/encoder/text-encoder'
import { labelsOf, withLabelsNoted } from '#services/decision/calibrators/known-labels'
import { decide } from '#services/decision/decide/decide'
import { checkDomain, domainReason } from '#services/decision/domain/check-domain'
import { readDomain } from '#services/decision/domain/domain-file'
import type { Domain, DomainInput } from '#services/decision/domain/domain'
import { hashGrams, type HashedGrams } from '#services/decision/features/hash-grams'
import { openEstimator, type Estimator } from './estimator.ts'
import { estimatorInput, featuresOf, textOf } from './featurize.ts'
import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import type { Estimate, ModelAnswer, ModelEstimate, Policy } from './policy.ts'
import { policySchema, type PolicyFile } from './policy-schema.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** How a policy is run. */
export interface LoadPolicyOptions {
  /** The estimate's time box; what takes longer is a named fallback. */
  readonly estimateMs?: number
  /** Opens the encoder of a pack, for policies that were fitted with one. The caller owns the encoder and closes it. */
  readonly openEncoder?: (identity: EncoderIdentity) => Promise<TextEncoder>
  /**
   * Called when the encoder of the domain check cannot be opened; the check then uses features and words alone.
   * Without it that is an error.
   */
  readonly encoderMissing?: (error: unknown) => void
}

/**
 * Ten times what an estimate takes at p99: beyond it something is wrong with the machine, and the request should
 * not wait for it.
 */
const defaultEstimateMs = 20
/** The same with an encoder, for a text as long as it reads, on a slow core. */
const encodedEstimateMs = 200

/** A policy's folder, read and checked. */
export interface PolicyFolder {
  readonly file: PolicyFile
  readonly version: string
  readonly estimator: Estimator
  readonly domain?: Domain
}

/**
 * Loads a policy folder.
 * @throws GatewayError Config when a file is missing, is not the one that was fitted, or is of another schema or
 * encoder
 */
export async function loadPolicy(directory: string, options: LoadPolicyOptions): Promise<Policy> {
  return createCalibratedPolicy(await openPolicyFolder(directory), options)
}

/**
 * The pack of the encoder that a policy was fitted with; `undefined` where there is none or the folder cannot be
 * read, which loading it tells.
 */
export function encoderPackOf(directory: string): string | undefined {
  try {
    return readPolicyFile(directory, readWhole(directory, 'policy.json')).encoder?.pack
  } catch {
    return undefined
  }
}

/** Reads and checks a policy folder. @throws GatewayError Config as {@link loadPolicy} */
export async function openPolicyFolder(directory: string): Promise<PolicyFolder> {
  const text = readWhole(directory, 'policy.json')
  const file = readPolicyFile(directory, text)
  const hashes = Object.entries(file.files)
  const contents = new Map(hashes.map(([name]) => [name, readWhole(directory, name)]))
  for (const [name, wanted] of hashes) {
    const found = sha256(contents.get(name) ?? Buffer.alloc(0))
    if (found !== wanted) throw fault(directory, `${name} has sha256 ${found}, policy.json was fitted with ${wanted}`)
  }
  const bytes = contents.get(file.estimator.file) ?? Buffer.alloc(0)
  const domain = domainOf(directory, file, contents)
  try {
    return { file, version: sha256(text).slice(0, 16), estimator: await openEstimator(bytes), ...domain }
  } catch (error) {
    throw fault(directory, `${file.estimator.file} is no graph that can be run`, error)
  }
}

function domainOf(
  directory: string,
  { domain: described }: PolicyFile,
  contents: ReadonlyMap<string, Buffer>,
): Pick<PolicyFolder, 'domain'> {
  if (described === undefined) return {}
  const domain = readDomain(described, contents.get(described.file) ?? Buffer.alloc(0))
  if (domain === undefined) throw fault(directory, `${described.file} is not of the size that policy.json describes`)
  return { domain }
}

/**
 * Makes the policy of a folder that was read.
 * @throws GatewayError Config when its encoder cannot be had, or has other weights now
 */
export async function createCalibratedPolicy(folder: PolicyFolder, options: LoadPolicyOptions): Promise<Policy> {
  const { file, version, estimator, domain } = folder
  const encoder = await encoderOrWarning(file, options)
  const { embedding: isEmbedded } = file.estimator
  const estimateMs = options.estimateMs ?? (isEmbedded ? encodedEstimateMs : defaultEstimateMs)
  const encodeMs = options.estimateMs ?? encodedEstimateMs
  const predictScores = (
    features: Estimate['features'],
    grams: HashedGrams | undefined,
    encoded: Promise<Float32Array> | undefined,
  ): Promise<Float32Array> | Float32Array => {
    const input = estimatorInput(features, grams, file.estimator)
    if (!isEmbedded || encoded === undefined) return estimator.run(input)
    return encoded.then(embedding => estimator.run({ ...input, embedding }))
  }
  const check = (input: DomainInput, labels: readonly string[] | undefined): Pick<Estimate, 'domain'> =>
    domain === undefined ? {} : { domain: checkDomain(domain, input, labels) }
  /** Where the encoder is late, the check uses features and words. */
  const checkEncoded = async (
    input: DomainInput,
    labels: readonly string[] | undefined,
    encoded: Promise<Float32Array> | undefined,
  ): Promise<Pick<Estimate, 'domain'>> => {
    if (domain === undefined || encoded === undefined) return check(input, labels)
    return check({ ...input, embedding: await within(encoded, encodeMs).catch(() => undefined) }, labels)
  }
  // The caller sees `fallback` and counts it.
  const failed = (input: DomainInput, labels: readonly string[] | undefined): Estimate => ({
    ...usualEstimate(file, input.features, 'error'),
    ...check(input, labels),
  })
  const estimateInTime = async (
    scores: Promise<Float32Array> | Float32Array,
    input: DomainInput,
    labels: readonly string[] | undefined,
    encoded: Promise<Float32Array> | undefined,
  ): Promise<Estimate> => {
    const { features } = input
    try {
      const quality = scores instanceof Float32Array ? scores : await within(scores, estimateMs)
      const checked = await checkEncoded(input, labels, encoded)
      const estimate =
        quality === undefined ? usualEstimate(file, features, 'timeout') : estimateOf(file, features, quality)
      return { ...estimate, ...checked }
    } catch {
      return failed(input, labels)
    }
  }
  const readsGrams = file.estimator.grams || domain?.surprise !== undefined
  const known = labelsOf(file)
  const withKnownLabels = <Answer extends ModelAnswer>(answers: readonly Answer[]): readonly Answer[] =>
    withLabelsNoted(known, answers)
  return {
    version,
    models: file.models,
    ...moneyOf(file),
    estimate(parts, labels) {
      const features = featuresOf(parts)
      const text = textOf(parts)
      const grams = text === undefined || !readsGrams ? undefined : hashGrams(text)
      const encoded = encoder?.encode(text ?? '')
      const input = { features, grams }
      try {
        const scores = predictScores(features, grams, encoded)
        const isWhole = scores instanceof Float32Array && (encoded === undefined || text === undefined)
        if (!isWhole) return estimateInTime(scores, input, labels, text === undefined ? undefined : encoded)
        return { ...estimateOf(file, features, scores), ...check(input, labels) }
      } catch {
        return failed(input, labels)
      }
    },
    confidences: (answers, estimate) => calibrateAnswers(file, withKnownLabels(answers), estimate),
    next(estimate, called, candidates, limits) {
      const step = decide(file, { estimate, called: withKnownLabels(called), candidates, limits })
      return { ...step, reason: `${domainReason(estimate.domain)}${step.reason}` }
    },
  }
}

async function encoderOrWarning(file: PolicyFile, options: LoadPolicyOptions): Promise<TextEncoder | undefined> {
  const { encoderMissing } = options
  try {
    return await encoderOf(file, options)
  } catch (error) {
    if (file.estimator.embedding || encoderMissing === undefined) throw error
    encoderMissing(error)
    return undefined
  }
}

async function encoderOf(
  { encoder: wanted }: PolicyFile,
  { openEncoder }: LoadPolicyOptions,
): Promise<TextEncoder | undefined> {
  if (wanted === undefined) return undefined
  if (openEncoder === undefined) {
    throw new GatewayError(
      'Config',
      `the policy was fitted with the encoder ${wanted.pack}, and none can be opened here`,
    )
  }
  const encoder = await openEncoder(wanted)
  if (encoder.identity.sha256 === wanted.sha256) return encoder
  throw new GatewayError(
    'Config',
    `the policy was fitted with another ${wanted.pack} (sha256 ${wanted.sha256}, here ${encoder.identity.sha256}): fit it again`,
  )
}

/** Waits for work at most so long; `undefined` when it took longer. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeBox = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, timeBox])
  } finally {
    clearTimeout(timer)
  }
}

/** Where costs were not known in the fit, its weights are of shares of calls and not of money. */
function moneyOf({ costsKnown, decision }: PolicyFile): Pick<Policy, 'costWeight'> {
  const costWeight = decision.path[decision.chosen]?.costWeight ?? 0
  return costsKnown && costWeight > 0 ? { costWeight } : {}
}

function readPolicyFile(directory: string, text: Buffer): PolicyFile {
  let json: unknown
  try {
    json = JSON.parse(text.toString())
  } catch (error) {
    throw fault(directory, 'policy.json is not JSON', error)
  }
  const read = policySchema.safeParse(json)
  if (read.success) return read.data
  const [first] = read.error.issues
  const field = first?.path.join('.') ?? ''
  if (field === 'schema') {
    throw fault(
      directory,
      'policy.json is of another schema than this version reads: fit it again with `sluice calibrate`',
    )
  }
  throw fault(directory, `policy.json: ${field}: ${first?.message ?? 'it cannot be read'}`)
}

/** What is predicted of an input, given the quality of each model. */
export function estimateOf(
  file: Pick<PolicyFile, 'models' | 'usual'>,
  features: Readonly<Record<string, number>>,
  quality: ArrayLike<number>,
): Estimate {
  const models = file.models.map((model, index): [string, ModelEstimate] => {
    const usual = file.usual[model]
    const known =
      usual === undefined
        ? {}
        : { costNanoUsd: fromUsd(usual.costUsd), latencyMs: usual.latencyMs, outputChars: usual.outputChars }
    return [model, { quality: quality[index] ?? 0.5, ...known }]
  })
  return { difficulty: 1 - (quality[0] ?? 0.5), models: Object.fromEntries(models), features }
}

/**
 * What stands in when the estimator cannot be asked: the mean score that each model had over the rows that were
 * fitted on.
 */
function usualEstimate(
  file: PolicyFile,
  features: Readonly<Record<string, number>>,
  fallback: 'timeout' | 'error',
): Estimate {
  const quality = file.models.map(model => file.usual[model]?.quality ?? 0.5)
  return { ...estimateOf(file, features, quality), fallback }
}

function readWhole(directory: string, name: string): Buffer {
  try {
    return readFileSync(join(directory, name))
  } catch (error) {
    throw fault(directory, `${name} cannot be read: ${fileFaultText(error)}`, error)
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function fault(directory: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError('Config', `policy ${directory}: ${what}`, {}, cause === undefined ? {} : { cause })
}
