import type { Logger } from 'pino'
import type { Config } from '#services/config/schema'
import type { Clock } from '#services/contract/clock'
import { createAuthenticate, type Authenticate } from '#services/router/edge/auth/authenticate'
import { createClientAddress, type ClientAddress } from '#services/router/edge/auth/client-address'
import { createFailureLimiter } from '#services/router/edge/auth/failure-limiter'
import { readNetworks } from '#services/router/admit/fetch/inside-addresses'
import { createCredentialCache } from '#services/router/edge/auth/credential-cache'
import { createListAuthenticator } from '#services/router/edge/auth/authenticate-by-list'
import { createStoreAuthenticator } from '#services/router/edge/auth/authenticate-by-store'
import type { Authenticator } from '#services/router/edge/auth/authenticator'
import type { KeyStore } from '#services/router/edge/auth/keys/key-store'
import { createKeys } from '#services/router/edge/auth/keys/keys'
import { createKeyRpcs, type KeyRpcs } from '#services/router/edge/grpc/keys-service'
import {
  createRotatingCredentials,
  type RotatingCredentials,
} from '#services/router/edge/grpc/tls/rotating-credentials'

/** Who is let in, and the rpcs by which operators say who is. */
export interface Authentication {
  readonly authenticate: Authenticate
  readonly clientAddress: ClientAddress
  readonly keys: KeyRpcs
}

/** CredentialCache credentials remembered at once: a few megabytes. */
const mostCredentials = 10_000
/** Peers whose failures are remembered at once. */
const mostPeers = 10_000
const issuerTimeoutMs = 3000

/** Builds authentication from the configuration. */
export async function composeAuthentication(
  { auth, listen }: Config,
  store: KeyStore,
  clock: Clock,
  logger: Logger,
): Promise<Authentication> {
  const cache = createCredentialCache({ rememberMs: auth.rememberMs, most: mostCredentials }, clock)
  const authenticators = [
    createStoreAuthenticator(store, clock),
    ...(auth.tokens.length > 0 ? [await tokenAuthenticator(auth, clock)] : []),
  ]
  const keys = createKeys({ store, clock, configured: new Set(auth.keys.map(key => key.id)), changed: cache.clear })
  warnOfAnonymousAccess({ auth, listen }, logger)
  return {
    authenticate: createAuthenticate(
      auth.anonymous
        ? {
            anonymous: {
              tenant: auth.anonymousTenant,
              scopes: auth.anonymousScopes,
              credentialId: 'anonymous',
              credentialKind: 'anonymous',
            },
          }
        : {},
      {
        listed: createListAuthenticator(auth.keys),
        authenticators,
        cache,
        failures: createFailureLimiter({ perMinute: auth.failuresPerMinute, peers: mostPeers }, clock),
      },
    ),
    clientAddress: createClientAddress(readNetworks(auth.trustedProxies)),
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

const localAddress = /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?):\d+$/u

/** An operator's rpcs without a credential are for one's own machine. */
function warnOfAnonymousAccess({ auth, listen }: Pick<Config, 'auth' | 'listen'>, logger: Logger): void {
  const isOpen = auth.anonymous && auth.anonymousScopes.some(scope => scope !== 'infer')
  const { grpc, http = '127.0.0.1:8080' } = listen
  const isLocal = [grpc, http].every(address => address === 'off' || localAddress.test(address))
  if (!isOpen || isLocal) return
  logger.warn(
    { grpc, http },
    'auth.anonymous lets everybody who reaches these addresses in, as an operator too: set it to false, or anonymousScopes to [infer]',
  )
}

/** Signatures and key sets are loaded only where issuers are configured: a router is ready the sooner. */
async function tokenAuthenticator({ tokens }: Config['auth'], clock: Clock): Promise<Authenticator> {
  const [{ createTokenAuthenticator }, { createKeySet }] = await Promise.all([
    import('#services/router/edge/auth/authenticate-by-token'),
    import('#services/router/edge/auth/key-set'),
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
  return createTokenAuthenticator(issuers, clock)
}
