import { z } from 'zod'
import type { Ladder } from '#services/contract/model'
import { policySchema, type PolicyFile } from '#services/decision/policy/policy-schema'
import type { CalibrationDrift } from '#services/router/learn/drift/calibration-drift'
import type { FeatureDrift } from '#services/router/learn/drift/feature-drift'
import type { ReplayRecords } from '#services/router/learn/replay-records'
import type { PolicyFiles } from '#services/router/policies/policy-store'
import type { PolicyRegistry } from '#services/router/policies/policy-registry'
import { readBody } from '../read-body.ts'
import type { Route } from '../serve-route.ts'

/** What the view of cost and risk is made from. */
export interface RiskDependencies {
  readonly ladders: readonly Ladder[]
  readonly policyRegistry: Pick<PolicyRegistry, 'roles'>
  readonly replay: ReplayRecords
  readonly drift: { readonly features: FeatureDrift; readonly calibration: CalibrationDrift }
}

const mostFeatures = 12
const usualRisks = [0.01, 0.05, 0.1]
const replaySchema = z.strictObject({ ladder: z.string().min(1), maxRisk: z.number().min(0).max(1) })

/** The policies that decide, and how true they are lately. */
export function createRiskRoutes(dependencies: RiskDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/console/api/policies',
      rpc: 'Console',
      scope: 'console',
      dialect: 'openai',
      summary: 'Policies with their curves, and drift',
      answer: async () => ({ ladders: dependencies.ladders.map(ladder => ladderView(ladder, dependencies)) }),
    },
    {
      method: 'POST',
      path: '/console/api/replay',
      rpc: 'Console',
      scope: 'console',
      dialect: 'openai',
      summary: 'What a limit on the risk would have done to the recorded requests',
      body: replaySchema,
      answer(given) {
        const { ladder, maxRisk } = readBody(replaySchema, given)
        return dependencies.replay(
          ladder,
          [...new Set([maxRisk, ...usualRisks])].toSorted((one, other) => one - other),
        )
      },
    },
  ]
}

function ladderView({ name, task, rungs }: Ladder, { policyRegistry, drift }: RiskDependencies): object {
  const { active, shadow } = policyRegistry.roles(name)
  const file = active?.files === undefined ? undefined : fileOf(active.files)
  const moves = drift.features.moves().filter(move => move.ladder === name)
  return {
    name,
    task,
    rungs: rungs.filter(rung => rung.fallback !== true).map(rung => rung.name),
    version: active?.policy.version ?? null,
    shadow: shadow?.policy.version ?? null,
    policy: file === undefined ? null : policyView(file),
    drift: {
      requests: drift.features.filled().get(name) ?? 0,
      features: moves.toSorted((one, other) => other.psi - one.psi).slice(0, mostFeatures),
      calibration: drift.calibration.moves().filter(move => move.ladder === name),
    },
  }
}

const read = new WeakMap<PolicyFiles, PolicyFile>()

/** Read once a policy: it was checked when it was opened. */
function fileOf(files: PolicyFiles): PolicyFile | undefined {
  const known = read.get(files)
  if (known !== undefined) return known
  const bytes = files.get('policy.json')
  const file = bytes === undefined ? undefined : policySchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  if (file !== undefined) read.set(files, file)
  return file
}

function policyView({ models, usual, costsKnown, decision, risk, data }: PolicyFile): object {
  return {
    models: models.map(model => ({ model, costUsd: usual[model]?.costUsd ?? 0, score: usual[model]?.quality ?? 0 })),
    costsKnown,
    chosen: decision.chosen,
    rule: decision.rule,
    curve: decision.path.map(({ models: called, meanScore, meanCostUsd, escalationRatio }) => ({
      models: called,
      meanScore,
      meanCostUsd,
      escalationRatio,
    })),
    risk: {
      delta: risk.delta,
      method: risk.method,
      certifyingRows: risk.certifyingRows,
      path: risk.path.map(({ riskBound, selectiveRisk, meanCostUsd, escalationRatio }) => ({
        riskBound,
        selectiveRisk,
        meanCostUsd,
        escalationRatio,
      })),
    },
    rows: data.rows,
    datasets: data.datasets,
  }
}
