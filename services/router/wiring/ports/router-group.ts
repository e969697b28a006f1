import { AggregatorRegistry, Registry } from 'prom-client'
import type { Logger } from 'pino'
import type { LoadedConfig } from '#services/config/load-config'
import type { GroupMember } from '#services/platform/process/group/group-member'
import { startProcessGroup, type ProcessGroup } from '#services/platform/process/group/process-group'
import type { Service } from '#services/platform/process/run-service'
import type { RouterAddresses } from './ports.ts'
import { openOpsServer, type NotReady, type OpenOps } from '#services/platform/telemetry/ops-server'

type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/**
 * Starts several processes of a router behind its ports, with one operators' port for all of them.
 * @throws GatewayError Config when they cannot start
 */
export async function startRouterGroup({ config }: LoadedConfig, size: number, logger: Logger): Promise<Service> {
  const group = await startProcessGroup(size, logger)
  const sums = createSums(group)
  let isDraining = false
  const ops = await openOpsServer(
    config.listen.ops,
    { metrics: sums },
    {
      async notReady() {
        const answers = (await group.ask('readiness')) as ReadonlyMap<number, readonly NotReady[]>
        // One that is ready takes what comes.
        const least = [...answers.values()].toSorted((one, other) => one.length - other.length)[0] ?? [
          { check: 'process' },
        ]
        return isDraining ? [...least, { check: 'draining' }] : least
      },
    },
  )
  const { grpc, http } = group.value as RouterAddresses
  logger.info({ processes: size, grpc, http, ops: ops.address }, 'router is ready')
  return {
    drainMs: config.limits.drainMs,
    async drain() {
      isDraining = true
      await group.drain()
      await ops.close()
    },
  }
}

/** Opens no port: the process that started the group asks for what this one would show. */
export function answerGroup(member: GroupMember): OpenOps {
  return async (_address, pages, readiness) => {
    member.answer('metrics', () => pages.getMetricsAsJSON())
    member.answer('readiness', async () => readiness.notReady())
    return { address: 'group', close: async () => {} }
  }
}

/**
 * Counts of all processes are added up; what all see of the same thing is shown once, as the metric says. What a
 * process had counted stays when it ends, so that no count goes back.
 */
function createSums(group: ProcessGroup): () => Promise<string> {
  const last = new Map<number, MetricsJson>()
  let ended: MetricsJson = []
  return async () => {
    const answers = (await group.ask('metrics')) as ReadonlyMap<number, MetricsJson>
    for (const [member, page] of last) {
      if (answers.has(member) || group.isAlive(member)) continue
      last.delete(member)
      ended = await aggregate([ended, countsOf(page)]).getMetricsAsJSON()
    }
    for (const [member, page] of answers) last.set(member, page)
    const silent = [...last].flatMap(([member, page]) => (answers.has(member) ? [] : [countsOf(page)]))
    return aggregate([...answers.values(), ...silent, ended].map(named)).metrics()
  }
}

/** OpenMetrics puts `_total` behind the names of counters, and the sums of this library do so once more. */
function named(page: MetricsJson): MetricsJson {
  return page.map(one => (String(one.type) === 'counter' ? { ...one, name: one.name.replace(/_total$/u, '') } : one))
}

function countsOf(page: MetricsJson): MetricsJson {
  return page.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}

function aggregate(pages: MetricsJson[]): Registry {
  // The types leave its second parameter out.
  const add: (pages: object[], type: string) => Registry = AggregatorRegistry.aggregate
  return add(pages, Registry.OPENMETRICS_CONTENT_TYPE)
}
