import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterPort, makeFolder, startRedisServer, type RedisServer, type RedisSettings } from './redis-servers.ts'

/** A master, its replicas and three Sentinels. */
export interface SentinelSet {
  readonly url: string
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** Port of the master that the Sentinels name now. */
  masterPort(): Promise<number>
  stop(): Promise<void>
}

/** How the set is made. */
export interface SentinelOptions {
  readonly replicas?: number
  readonly downAfterMs?: number
  readonly settings?: RedisSettings
  /** Where the master lives; the others live on this host. */
  readonly master?: { readonly host: string; readonly within: readonly string[] }
  /** Address at which the master finds the others. */
  readonly host?: string
}

/** Starts the set and waits until every replica follows. */
export async function startSentinelSet(options: SentinelOptions = {}): Promise<SentinelSet> {
  const { replicas: count = 1, downAfterMs = 1500, settings = {}, host = '127.0.0.1' } = options
  const folder = makeFolder('sentinel')
  const master = await startRedisServer({ folder: folder.path, settings, ...options.master })
  const replicas: RedisServer[] = []
  for (let index = 0; index < count; index += 1) {
    const replicaof = `${master.host} ${master.port}`
    const own = { ...settings, 'replica-announce-ip': host }
    const replica = await startRedisServer({ folder: folder.path, settings: own, host })
    const [of = '', port = ''] = replicaof.split(' ')
    await replica.control.call('REPLICAOF', of, port)
    replicas.push(replica)
  }
  const follows = async (replica: RedisServer): Promise<boolean> =>
    /master_link_status:up/u.test(await replica.control.info('replication'))
  for (const replica of replicas) while (!(await follows(replica))) await pause(50)
  const sentinels: RedisServer[] = []
  for (let index = 0; index < 3; index += 1) {
    const port = await clusterPort()
    const data = join(folder.path, `sentinel-${port}`)
    mkdirSync(data)
    const file = join(data, 'sentinel.conf')
    writeFileSync(
      file,
      [
        `port ${port}`,
        `dir ${data}`,
        'protected-mode no',
        `sentinel announce-ip ${host}`,
        `sentinel monitor mymaster ${master.host} ${master.port} 2`,
        `sentinel down-after-milliseconds mymaster ${downAfterMs}`,
        'sentinel failover-timeout mymaster 5000',
        'sentinel parallel-syncs mymaster 1',
        '',
      ].join('\n'),
    )
    sentinels.push(await startRedisServer({ folder: folder.path, port, host, file: [file, '--sentinel'] }))
  }
  const seesAll = async ({ control }: RedisServer): Promise<boolean> => {
    const fields = flat(await control.call('SENTINEL', 'MASTER', 'mymaster'))
    return fields.get('num-other-sentinels') === '2' && fields.get('num-slaves') === String(count)
  }
  for (const sentinel of sentinels) while (!(await seesAll(sentinel))) await pause(100)
  return {
    url: `sentinel://${sentinels.map(({ port }) => `${host}:${port}`).join(',')}/mymaster`,
    master,
    replicas,
    sentinels,
    async masterPort() {
      for (const { control } of sentinels) {
        const named = await control.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster').catch(() => undefined)
        if (Array.isArray(named)) return Number(named[1])
      }
      return 0
    },
    async stop() {
      await Promise.all([...sentinels, ...replicas, master].map(one => one.stop()))
      folder.remove()
    },
  }
}

function flat(reply: unknown): ReadonlyMap<string, string> {
  if (typeof reply === 'object' && reply !== null && !Array.isArray(reply)) return new Map(Object.entries(reply))
  const list = Array.isArray(reply) ? reply.map(String) : []
  return new Map(Array.from({ length: list.length / 2 }, (_, at) => [list[at * 2] ?? '', list[at * 2 + 1] ?? '']))
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
