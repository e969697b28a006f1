import type { Logger } from 'pino'
import type { Config } from '../shared/config/schema.ts'
import type { Clock } from '../shared/contract/clock.ts'
import { createAuthenticate, type Authenticate } from './admit/authenticate.ts'
import { createFailureLimiter } from './admit/proofs/failure-limiter.ts'
import { createProven } from './admit/proofs/proven.ts'
import { createProveByList } from './admit/proofs/prove-by-list.ts'
import { createProveByStore } from './admit/proofs/prove-by-store.ts'
import type { Prove } from './admit/proofs/proof.ts'
import type { KeyStore } from './keys/key-store.ts'
import { createKeys } from './keys/keys.ts'
import { createKeyRpcs, type KeyRpcs } from './rpc/keys-service.ts'
import { createRotatingCredentials, type RotatingCredentials } from './rpc/tls/rotating-credentials.ts'

/** Who is let in, and the rpcs by which operators say who is. */
export interface Door {
  readonly authenticate: Authenticate
  readonly keys: KeyRpcs
}

/** Proven credentials remembered at once: a few megabytes. */
const mostProven = 10_000
/** Peers whose failures are remembered at once. */
const mostPeers = 10_000
const issuerTimeoutMs = 3000

/** Builds the door out of the configuration. */
export async function composeDoor(
  { auth, listen }: Config,
  store: KeyStore,
  clock: Clock,
  logger: Logger,
): Promise<Door> {
  const proven = createProven({ rememberMs: auth.rememberMs, most: mostProven }, clock)
  const provers = [
    createProveByStore(store, clock),
    ...(auth.tokens.length > 0 ? [await proverOfTokens(auth, clock)] : []),
  ]
  const keys = createKeys({ store, clock, configured: new Set(auth.keys.map(key => key.id)), changed: proven.forget })
  warnOfOpenDoor({ auth, listen }, logger)
  return {
    authenticate: createAuthenticate(
      auth.anonymous
        ? { anonymous: { tenant: auth.anonymousTenant, scopes: auth.anonymousScopes, credentialId: 'anonymous' } }
        : {},
      {
        listed: createProveByList(auth.keys),
        provers,
        proven,
        failures: createFailureLimiter({ perMinute: auth.failuresPerMinute, peers: mostPeers }, clock),
      },
    ),
    keys: createKeyRpcs({ keys, configuredKeys: auth.keys, clock, logger }),
  }
}

/** Opens the certificate of the gRPC port, where one is configured. @throws GatewayError Config */
export async function composeTls({ listen }: Config, logger: Logger): Promise<RotatingCredentials | undefined> {
  if (listen.tls === undefined) return undefined
  const { certificate, key, clientAuthorities, reloadMs } = listen.tls
  const files = { certificate, key, ...(clientAuthorities === undefined ? {} : { clientAuthorities }) }
  return createRotatingCredentials({ files, reloadMs }, logger)
}

/** An operator's rpcs without a credential are for one's own machine. */
function warnOfOpenDoor({ auth, listen }: Pick<Config, 'auth' | 'listen'>, logger: Logger): void {
  const isOpen = auth.anonymous && auth.anonymousScopes.includes('admin')
  if (!isOpen || /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?):\d+$/u.test(listen.grpc)) return
  logger.warn(
    { grpc: listen.grpc },
    'auth.anonymous lets everybody who reaches this address in, as an operator too: set it to false, or anonymousScopes to [infer]',
  )
}

/** Signatures and key sets are loaded only where issuers are configured: a router is ready the sooner. */
async function proverOfTokens({ tokens }: Config['auth'], clock: Clock): Promise<Prove> {
  const [{ createProveByToken }, { createKeySet }] = await Promise.all([
    import('./admit/proofs/prove-by-token.ts'),
    import('./admit/proofs/key-set.ts'),
  ])
  const issuers = tokens.map(issuer => {
    const { tenants, jwksUrl, freshSeconds, cooldownSeconds, staleSeconds, ...rest } = issuer
    return {
      ...rest,
      ...(tenants === undefined ? {} : { tenants: new Set(tenants) }),
      findKey: createKeySet(
        {
          url: jwksUrl,
          timeoutMs: issuerTimeoutMs,
          freshMs: freshSeconds * 1000,
          cooldownMs: cooldownSeconds * 1000,
          staleMs: staleSeconds * 1000,
        },
        clock,
      ),
    }
  })
  return createProveByToken(issuers, clock)
}
