import type { Path } from '../layers/located.ts'
import type { Config } from '../schema.ts'
import { meantBy, type ConfigFault } from './config-fault.ts'

/** Sets, ladders and tiers that guardrails name and that there are not; routes without a tier. */
export function guardrailFaults({ guardrails, ladders, pools }: Config): readonly ConfigFault[] {
  const sets = Object.keys(guardrails.sets)
  const tiers = Object.values(pools).map(({ tier }) => tier)
  const named = (path: Path, set: string): ConfigFault[] => oneOf(['guardrails', ...path], set, sets)
  return [
    ...(guardrails.default === undefined ? [] : named(['default'], guardrails.default)),
    ...Object.entries(guardrails.tenants).flatMap(([tenant, set]) => named(['tenants', tenant], set)),
    ...Object.entries(guardrails.ladders).flatMap(([ladder, set]) => [
      ...named(['ladders', ladder], set),
      ...oneOf(['guardrails', 'ladders', ladder], ladder, Object.keys(ladders)),
    ]),
    ...Object.entries(guardrails.sets).flatMap(([name, { before }]) =>
      Object.entries(before).flatMap(([check, options]): ConfigFault[] => {
        const path = ['guardrails', 'sets', name, 'before', check, 'tier']
        if (options?.action !== 'route') return []
        return options.tier === undefined
          ? [{ path, expected: 'the tier that answers' }]
          : oneOf(path, options.tier, tiers)
      }),
    ),
  ]
}

function oneOf(path: Path, given: string, known: readonly string[]): ConfigFault[] {
  if (known.includes(given)) return []
  const meant = meantBy(given, known)
  const expected = `one of: ${[...new Set(known)].join(', ') || '(none)'}`
  return [{ path, expected, ...(meant === undefined ? {} : { meant }) }]
}
