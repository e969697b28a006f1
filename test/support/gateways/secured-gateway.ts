import { credentials } from '@grpc/grpc-js'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '#services/config/load-config'
import { createApiKey } from '#services/state/api-keys/api-key'
import { createAuthority } from '../deploy/certificates.ts'
import { echoConfig } from '../echo-config.ts'
import { startOtlpReceiver } from '../servers/otlp-receiver.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { connect, startProcess, type RunningProcess, type TestClient } from '../processes.ts'
import { startTokenIssuer } from '../servers/token-issuer.ts'

/** The key that the workers show the upstream server. */
export const upstreamKey = 'planted-upstream-key'

/** What the configuration adds to two echoes so that the gateway demands credentials. */
export interface SecuritySettings {
  /** `host:port` of sites that parts may be fetched from. */
  readonly fetchAllow: readonly string[]
  readonly upstreamUrl: string
}

/** Two routers and two workers behind mutual TLS, nobody anonymous, everything logged and traced. */
export async function startSecuredGateway({ fetchAllow, upstreamUrl }: SecuritySettings) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-authentication-'))
  const file = (name: string): string => join(folder, name)
  const [redis, issuer, receiver] = await Promise.all([startPrivateRedis(), startTokenIssuer(), startOtlpReceiver()])
  const authority = createAuthority('authentication')
  const [server, client] = [authority.issue('gateway'), authority.issue('client')]
  const files = {
    'ca.pem': authority.certificate,
    'server.pem': server.certificate,
    'server.key': server.key,
    'client.pem': client.certificate,
    'client.key': client.key,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text)
  const operator = createApiKey('operator')
  const base = echoConfig() as { models: Record<string, { backend: object }>; limits: object }
  writeFileSync(
    file('sluice.yaml'),
    JSON.stringify({
      ...base,
      log: { level: 'debug' },
      redis: { url: redis.url, prefix: 'authentication' },
      traces: { otlpUrl: receiver.url },
      listen: {
        grpc: '127.0.0.1:0',
        http: '127.0.0.1:0',
        ops: '127.0.0.1:0',
        tls: { certificate: file('server.pem'), key: file('server.key'), clientAuthorities: file('ca.pem') },
      },
      auth: {
        keys: [{ id: 'operator', sha256: operator.sha256, tenant: 'ops', scopes: ['admin', 'infer'] }],
        tokens: [{ name: 'idp', issuer: 'https://id.example', audiences: ['sluice'], jwksUrl: issuer.jwksUrl }],
        failuresPerMinute: 1000,
      },
      limits: { ...base.limits, fetch: { allow: fetchAllow, schemes: ['http'], networks: ['127.0.0.1/32'] } },
      models: {
        ...base.models,
        upstream: {
          ...base.models['echo-large'],
          backend: { kind: 'openai', baseUrl: upstreamUrl, apiKey: '${PLANTED_UPSTREAM_KEY}', model: 'm' },
        },
      },
    }),
  )
  const processes: RunningProcess[] = []
  const start = async (service: 'router' | 'worker', ...parameters: string[]): Promise<RunningProcess> => {
    const environment = { PLANTED_UPSTREAM_KEY: upstreamKey }
    const process = await startProcess(service, ['--config', file('sluice.yaml'), ...parameters], environment, 60_000)
    processes.push(process)
    return process
  }
  const channel = credentials.createSsl(
    Buffer.from(authority.certificate),
    Buffer.from(client.key),
    Buffer.from(client.certificate),
  )
  const routers = await Promise.all([start('router'), start('router')])
  await Promise.all([start('worker', '--pool', 'small'), start('worker', '--pool', 'large')])
  const clients = routers.map(router => connect(String(router.ready['grpc']), {}, channel)) as [TestClient, TestClient]
  return {
    redis,
    issuer,
    receiver,
    authority,
    routers,
    processes,
    clients,
    address: String(routers[0].ready['grpc']),
    operatorKey: operator.text,
    /** Runs the command line against the first router, as its operator. */
    cli: (...words: readonly string[]) =>
      runCli([...words, '--address', String(routers[0].ready['grpc'])], {
        SLUICE_API_KEY: operator.text,
        SLUICE_TLS_CA: file('ca.pem'),
        SLUICE_TLS_CERT: file('client.pem'),
        SLUICE_TLS_KEY: file('client.key'),
        // A name, since Node warns of servers that are named by address.
        SLUICE_TLS_NAME: 'localhost',
      }),
    async stop() {
      for (const one of clients) one.close()
      await Promise.all(processes.map(process => process.end('SIGKILL')))
      await Promise.all([redis.stop(), issuer.close(), receiver.close()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A gateway that demands credentials. */
export type SecuredGateway = Awaited<ReturnType<typeof startSecuredGateway>>

function runCli(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise(resolve => {
    const program = join(packageRoot(), 'bin', 'sluice.js')
    const child = execFile(
      process.execPath,
      [program, ...words],
      { env: { ...process.env, ...environment } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}
