import { execFileSync } from 'node:child_process'
import { makeFolder, startRedisServer, type RedisServer } from './redis-servers.ts'

/** A real Redis Cluster. */
export interface RedisCluster {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** Whether every node says that the cluster is well. */
  isWell(): Promise<boolean>
  stop(): Promise<void>
}

/** Starts three masters, each with `replicas`. */
export async function startRedisCluster({ replicas = 0, nodeTimeoutMs = 2000 } = {}): Promise<RedisCluster> {
  const folder = makeFolder('cluster')
  const nodes: RedisServer[] = []
  for (let index = 0; index < 3 * (1 + replicas); index += 1) {
    const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': nodeTimeoutMs }
    nodes.push(await startRedisServer({ folder: folder.path, settings }))
  }
  const hosts = nodes.map(node => `127.0.0.1:${node.port}`)
  execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-replicas', String(replicas), '--cluster-yes'])
  const cluster: RedisCluster = {
    url: `cluster://${hosts.join(',')}`,
    nodes,
    async isWell() {
      const infos = await Promise.all(nodes.map(node => node.control.cluster('INFO').catch(() => '')))
      return infos.every(info => info.includes('cluster_state:ok'))
    },
    async stop() {
      await Promise.all(nodes.map(node => node.stop()))
      folder.remove()
    },
  }
  while (!(await cluster.isWell())) await new Promise(resolve => setTimeout(resolve, 100))
  return cluster
}
