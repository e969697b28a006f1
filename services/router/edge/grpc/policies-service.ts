import { GatewayError, invalidField } from '#services/contract/errors'
import { timestampToWire } from '#services/wire/convert/time'
import type { ActivatePolicyRequest__Output } from '#services/wire/generated/sluice/v1/ActivatePolicyRequest'
import type { LadderPolicies } from '#services/wire/generated/sluice/v1/LadderPolicies'
import type { LoadPolicyRequest__Output } from '#services/wire/generated/sluice/v1/LoadPolicyRequest'
import type { PolicyRegistry } from '#services/router/policies/policy-registry'
import type { PolicyStore } from '#services/router/policies/policy-store'
import type { CallContext } from '../call/call-context.ts'
import type { ServeDependencies } from './serve-call.ts'

/** What the policies' rpcs need. */
export interface PoliciesServiceDependencies {
  readonly policyRegistry: PolicyRegistry
  readonly store: PolicyStore
  readonly ladders: readonly string[]
  readonly logger: ServeDependencies['logger']
}

type Answer<Request> = (request: Request, context: CallContext) => Promise<object>

/** The rpcs about policies, each as a function of request and caller. Every change is logged with who made it. */
export interface PolicyRpcs {
  readonly listPolicies: Answer<{ ladder: string }>
  readonly loadPolicy: Answer<LoadPolicyRequest__Output>
  readonly comparePolicies: Answer<{ ladder: string }>
  readonly activatePolicy: Answer<ActivatePolicyRequest__Output>
}

/** Makes the rpcs. */
export function createPolicyRpcs({ policyRegistry, store, ladders, logger }: PoliciesServiceDependencies): PolicyRpcs {
  const known = (ladder: string): string => {
    if (ladders.includes(ladder)) return ladder
    throw new GatewayError('NotFound', `there is no ladder ${ladder}; there are: ${ladders.join(', ')}`)
  }
  const policiesOf = async (ladder: string): Promise<LadderPolicies> => {
    const { configured, active, shadow } = policyRegistry.roles(ladder)
    const versions = await store.versions(ladder)
    return {
      ladder,
      configured: configured?.policy.version ?? '',
      active: active?.policy.version ?? '',
      shadow: shadow?.policy.version ?? '',
      versions: versions.map(({ version, loadedAt }) => ({ version, loadedAt: timestampToWire(loadedAt) })),
    }
  }
  return {
    async listPolicies({ ladder }) {
      const wanted = ladder === '' ? ladders : [known(ladder)]
      return { ladders: await Promise.all(wanted.map(policiesOf)) }
    },
    async loadPolicy({ ladder, files }, { caller }) {
      const { policy, data } = await refusing(() => policyRegistry.put(known(ladder), new Map(Object.entries(files))))
      logger.info({ by: caller.credentialId, ladder, version: policy.version }, 'policy loaded')
      return { version: policy.version, models: policy.models, rows: data?.rows ?? 0, datasets: data?.datasets ?? [] }
    },
    async comparePolicies({ ladder }) {
      const { active, shadow } = policyRegistry.roles(known(ladder))
      if (active === undefined || shadow === undefined) {
        throw new GatewayError('NotFound', 'no policy of this ladder is in shadow')
      }
      const pair = { active: active.policy.version, shadow: shadow.policy.version }
      return { ...pair, ...(await store.comparison(ladder, pair)) }
    },
    async activatePolicy({ ladder, version, role }, { caller }) {
      const opened = version === '' ? undefined : await refusing(() => policyRegistry.find(known(ladder), version))
      if (version !== '' && opened === undefined) throw new GatewayError('NotFound', 'no such version is stored')
      if (role === 'POLICY_ROLE_SHADOW') {
        await store.setShadow(known(ladder), opened?.policy.version)
      } else if (role === 'POLICY_ROLE_ACTIVE') {
        const over = policyRegistry.roles(known(ladder)).configured?.policy.version ?? ''
        await store.setActive(ladder, opened === undefined ? undefined : { version: opened.policy.version, over })
      } else {
        throw invalidField('role', 'expected active or shadow')
      }
      logger.info({ by: caller.credentialId, ladder, version, role }, 'a policy was given a role')
      await policyRegistry.refresh()
      return { policies: await policiesOf(ladder) }
    },
  }
}

/** Faults of an uploaded policy are the sender's, not the configuration's. */
async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'Config')
      throw invalidField('files', withoutPath(error.message))
    throw error
  }
}

/** Errors do not name the folder in which the router unpacks a policy. */
function withoutPath(message: string): string {
  return message.replace(/^policy \/\S*: /u, '')
}
