import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../contract/errors.ts'
import { fromUsd } from '../contract/money.ts'
import { decideStep } from './decide-step.ts'
import { openEstimator, type Estimator } from './estimator.ts'
import { featuresOf, standardise } from './featurize.ts'
import { judgeAnswer, signsOf } from './judge-answer.ts'
import type { Estimate, Limits, ModelEstimate, Policy } from './policy.ts'
import { policySchema, type PolicyFile } from './policy-schema.ts'

/** How a policy is run. */
export interface LoadPolicyOptions {
  /** The estimate's time box; what takes longer is a named fallback. */
  readonly estimateMs?: number
}

/** Ten times what an estimate takes at p99: beyond it something is wrong with the machine, and the request should not wait for it. */
const defaultEstimateMs = 20

/** Loads a policy folder. @throws GatewayError Config when a file is missing, is not the one that was fitted, or is of another schema */
export async function loadPolicy(directory: string, options: LoadPolicyOptions): Promise<Policy> {
  const text = readWhole(directory, 'policy.json')
  const read = policySchema.safeParse(JSON.parse(text.toString()))
  if (!read.success) {
    const [first] = read.error.issues
    throw fault(directory, `policy.json: ${first?.path.join('.') ?? ''}: ${first?.message ?? 'it cannot be read'}`)
  }
  const file = read.data
  for (const [name, wanted] of Object.entries(file.files)) {
    const found = sha256(readWhole(directory, name))
    if (found !== wanted) throw fault(directory, `${name} has sha256 ${found}, policy.json was fitted with ${wanted}`)
  }
  const estimator = await openEstimator(readWhole(directory, file.estimator.file))
  return createCalibratedPolicy(file, sha256(text).slice(0, 16), estimator, options.estimateMs ?? defaultEstimateMs)
}

/** Makes a policy of a fitted file and its estimator. */
function createCalibratedPolicy(file: PolicyFile, version: string, estimator: Estimator, estimateMs: number): Policy {
  return {
    version,
    models: file.models,
    async estimate(parts) {
      const features = featuresOf(parts)
      const timeBox = new Promise<undefined>(resolve => {
        setTimeout(resolve, estimateMs, undefined).unref()
      })
      try {
        const quality = await Promise.race([estimator.run(standardise(features, file.estimator)), timeBox])
        return quality === undefined ? usualEstimate(file, features, 'timeout') : estimateOf(file, features, quality)
      } catch {
        return usualEstimate(file, features, 'error')
      }
    },
    confidence(judged, estimate, before) {
      const judge = file.judges[judged.model]
      return judge === undefined ? (judged.rawConfidence ?? 0) : judgeAnswer(judge, signsOf(judged, estimate, before))
    },
    next: (estimate, called, candidates, limits) => decideStep(thresholdOf(file, limits), estimate, called, candidates),
  }
}

/** The threshold that a caller's limits ask for; above 1 means that nothing but the dearest rung is trusted. */
function thresholdOf({ decision }: PolicyFile, { minQuality, maxRisk }: Limits): number {
  if (minQuality !== undefined) return minQuality
  if (maxRisk === undefined) return decision.threshold
  return certifiedThreshold(decision.path, maxRisk)
}

/**
 * The lowest threshold whose risk bound, and that of every threshold above it, holds the limit: a fixed sequence from the safest end,
 * so the bounds need no correction for having looked at many.
 * @source Angelopoulos et al., Learn then Test (2021), section 3.1, fixed-sequence testing
 */
export function certifiedThreshold(path: PolicyFile['decision']['path'], maxRisk: number): number {
  let certified = escalateAlways
  for (const point of path.toSorted((a, b) => b.threshold - a.threshold)) {
    if (point.riskBound > maxRisk) break
    certified = point.threshold
  }
  return certified
}

const escalateAlways = 2

function estimateOf(file: PolicyFile, features: Readonly<Record<string, number>>, quality: Float32Array): Estimate {
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

/** What stands in when the estimator cannot be asked: the quality that each model had over the rows it was fitted on lies in its judge's absence at even odds. */
function usualEstimate(
  file: PolicyFile,
  features: Readonly<Record<string, number>>,
  fallback: 'timeout' | 'error',
): Estimate {
  return { ...estimateOf(file, features, new Float32Array(file.models.length).fill(0.5)), fallback }
}

function readWhole(directory: string, name: string): Buffer {
  try {
    return readFileSync(join(directory, name))
  } catch (error) {
    throw fault(directory, `${name} cannot be read`, error)
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function fault(directory: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError('Config', `policy ${directory}: ${what}`, {}, cause === undefined ? {} : { cause })
}
