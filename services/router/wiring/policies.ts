import { openPack, type PackPlaces } from '#services/packs/open-packs'
import type { Logger } from 'pino'
import { Counter, type Registry } from 'prom-client'
import type { CascadePlan } from '#services/state/cascade-log/cascade-log'
import { blindRungs } from '#services/config/checks/blind-rungs'
import type { Config } from '#services/config/schema'
import { createEncoderCache } from '#services/decision/encoder/encoder-cache'
import { loadPolicy } from '#services/decision/policy/load-policy'
import { createUncalibratedPolicy } from '#services/decision/policy/uncalibrated-policy'
import type { Ladder } from '#services/contract/model'
import type { Policy } from '#services/decision/policy/policy'
import { composeLadders, recipesMark, unmarked } from './ladders.ts'
import { createLadderRegistry, type LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { OpenedPolicy } from '#services/router/policies/open-policy'
import {
  createPolicyRegistry,
  type PolicyRegistry,
  type RegisteredLadder,
} from '#services/router/policies/policy-registry'
import type { PolicyStore } from '#services/router/policies/policy-store'
import { createPolicyRpcs, type PolicyRpcs } from '#services/router/edge/grpc/policies-service'
import type { GuidedLadder } from '#services/router/request/states'

/** What policies need of the router. */
export interface PoliciesDependencies {
  readonly store: PolicyStore
  /** Where unpacked model packs lie: policies may be fitted with an encoder of texts. */
  readonly packs: PackPlaces
  readonly registry: Registry
  readonly logger: Logger
}

/** Ladders and what decides on them. */
export interface Policies {
  readonly ladders: LadderRegistry
  readonly policyRegistry: PolicyRegistry
  /** For operators. */
  readonly policies: PolicyRpcs
  /**
   * The ladder of a plan with the policy that its cascade began with; where nobody has that any more, the one that
   * decides now stands in and is counted.
   */
  readonly guideOf: (plan: CascadePlan) => Promise<GuidedLadder | undefined>
}

/**
 * Opens the configured policies and builds the ladders.
 * @throws GatewayError Config for a policy that cannot be loaded
 */
export async function composePolicies(config: Config, dependencies: PoliciesDependencies): Promise<Policies> {
  const { store, packs, registry, logger } = dependencies
  const registers = [registry]
  const loads = new Counter({
    name: 'sluice_router_policy_loads_total',
    help: 'Policies taken while running, and refused while the one before went on deciding.',
    labelNames: ['ladder', 'outcome'],
    registers,
  })
  const standIns = new Counter({
    name: 'sluice_router_policy_stand_ins_total',
    help: 'Cascades taken over whose own policy nobody had any more, so that another went on deciding.',
    labelNames: ['ladder'],
    registers,
  })
  const { ladders, models } = composeLadders(config)
  for (const { ladder, rung, message } of blindRungs(config)) logger.warn({ ladder, rung }, message)
  // A series that is there from the start shows its first increase, which an alert may be about.
  for (const { name } of ladders) for (const outcome of ['taken', 'refused']) loads.inc({ ladder: name, outcome }, 0)
  const openEncoder = createEncoderCache(pack => openPack(pack, packs))
  const encoderMissing = (error: unknown): void =>
    logger.warn(
      { err: error },
      'a policy tells requests out of its domain by features and words alone: fetch its encoder with `sluice models pull`',
    )
  const policyRegistry = await createPolicyRegistry(
    ladders.map(ladder => registeredOf(ladder, config.ladders[ladder.name] ?? {})),
    {
      store,
      logger,
      load: path => loadPolicy(path, { openEncoder, encoderMissing }),
      loaded: (ladder, outcome) => loads.inc({ ladder, outcome }),
    },
  )
  const marks = new Map(ladders.map(ladder => [ladder.name, recipesMark(ladder)]))
  const marked = (ladder: string, opened: OpenedPolicy | undefined): Policy | undefined =>
    opened === undefined
      ? undefined
      : { ...opened.policy, version: `${opened.policy.version}${marks.get(ladder) ?? ''}` }
  const ladderRegistry = createLadderRegistry(
    ladders.map(ladder => ({ ladder })),
    models,
    name => marked(name, policyRegistry.roles(name).active),
  )
  return {
    ladders: ladderRegistry,
    policyRegistry,
    policies: createPolicyRpcs({ policyRegistry, store, logger, ladders: ladders.map(ladder => ladder.name) }),
    async guideOf({ ladder, policyVersion }) {
      const guided = ladderRegistry.named(ladder)
      if (guided?.policy === undefined || guided.policy.version === policyVersion) return guided
      const policy = marked(ladder, await policyRegistry.find(ladder, unmarked(policyVersion)))
      if (policy?.version !== policyVersion) standIns.inc({ ladder })
      return policy === undefined ? guided : { ...guided, policy }
    },
  }
}

function registeredOf(
  { name, rungs: all }: Ladder,
  { policy, uncalibrated }: Pick<Config['ladders'][string], 'policy' | 'uncalibrated'>,
): RegisteredLadder {
  const rungs = all.filter(rung => rung.fallback !== true).map(rung => rung.name)
  if (policy !== undefined) return { name, rungs, folder: policy }
  if (uncalibrated === undefined) return { name, rungs }
  const plain = { policy: createUncalibratedPolicy({ models: rungs, acceptRatio: uncalibrated.confidenceThreshold }) }
  return { name, rungs, plain }
}
