import type { Logger } from 'pino'
import { addComparisons, type Comparison } from '#services/router/policies/comparison'
import type { OpenedPolicy } from '#services/router/policies/open-policy'
import type { PolicyPair, PolicyStore } from '#services/router/policies/policy-store'
import type { Reserved, Finished } from '#services/router/request/states'
import { evaluateShadow } from './evaluate-shadow.ts'

/** What thinking along needs. */
export interface ShadowPoliciesDependencies {
  readonly rolesOf: (ladder: string) => { readonly active?: OpenedPolicy; readonly shadow?: OpenedPolicy }
  readonly store: Pick<PolicyStore, 'addComparison'>
  readonly counted: (ladder: string, comparison: Comparison) => void
  readonly logger: Logger
}

/** Lets policies in shadow decide, without effect, on what the active ones decided on. */
export interface ShadowPolicies {
  /** Thinks about a cascade that was delivered. */
  onFinished(reserved: Reserved, finished: Finished): Promise<void>
  /** Adds what was compared since to what every router has compared. */
  flush(): Promise<void>
}

interface Sum {
  readonly ladder: string
  readonly pair: PolicyPair
  readonly comparison: Comparison
}

/** Makes them. What is compared is added up here and written once in a while. */
export function createShadowPolicies({ rolesOf, store, counted, logger }: ShadowPoliciesDependencies): ShadowPolicies {
  let sums = new Map<string, Sum>()

  const add = ({ ladder, pair, comparison }: Sum): void => {
    const key = `${ladder} ${pair.active} ${pair.shadow}`
    const before = sums.get(key)?.comparison
    sums.set(key, { ladder, pair, comparison: before === undefined ? comparison : addComparisons(before, comparison) })
  }

  return {
    async onFinished(reserved, finished) {
      const { name } = reserved.guided.ladder
      const { active, shadow } = rolesOf(name)
      if (active === undefined || shadow === undefined) return
      // A cascade that began before the active policy did is not its own.
      if (!finished.plan.policyVersion.startsWith(active.policy.version)) return
      const estimate = await shadow.policy.estimate(reserved.described, reserved.request.options.labels)
      const comparison = evaluateShadow(reserved, finished, shadow.policy, estimate)
      if (comparison === undefined) return
      counted(name, comparison)
      add({ ladder: name, pair: { active: active.policy.version, shadow: shadow.policy.version }, comparison })
    },
    async flush() {
      const written = sums
      sums = new Map()
      for (const sum of written.values()) {
        try {
          await store.addComparison(sum.ladder, sum.pair, sum.comparison)
        } catch (error) {
          logger.debug({ err: error }, 'a comparison waits for the store')
          add(sum)
        }
      }
    },
  }
}
