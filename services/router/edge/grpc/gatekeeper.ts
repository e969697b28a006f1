import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { invalidField, isGatewayError } from '#services/contract/errors'
import { storeErrorOf } from '#services/platform/redis/run-command'
import { statusName, type StatusWriter } from '#services/wire/status'
import type { Caller } from '#services/router/request/states'
import type { ClientAddress } from '../auth/client-address.ts'
import { readCredential } from '../auth/read-credential.ts'
import { headersOf } from './call-context.ts'
import { hasMalformedTimeout } from './grpc-js-internals.ts'
import { isUnreadable, unreadableMessage } from './unreadable.ts'

/** Stands at the port: who calls is authenticated by the headers, before a byte of the message is read. */
export interface Gatekeeper {
  readonly interceptor: ServerInterceptor
  /** The caller of a call that was let in, by its metadata. @throws Error for one that was not */
  readonly callerOf: (metadata: Metadata) => Caller
}

/** What authentication needs. */
export interface GatekeeperDependencies {
  readonly authenticate: (authorization: string | undefined, peer: string) => Promise<Caller>
  readonly clientAddress: ClientAddress
  readonly statuses: StatusWriter
  readonly answered: (rpc: string, status: string, elapsedMs: number) => void
  readonly logger: Logger
}

/** Public services: health and reflection. */
const open = /^\/grpc\.(?:health|reflection)\./u

/** Makes the gatekeeper. An unproven client's message, however large, is neither buffered nor parsed. */
export function createGatekeeper({
  authenticate,
  clientAddress,
  statuses,
  answered,
  logger,
}: GatekeeperDependencies): Gatekeeper {
  const callers = new WeakMap<Metadata, Caller>()
  const authenticateCall = async (metadata: Metadata, peer: string): Promise<Caller> =>
    authenticate(
      readCredential(header => headersOf(metadata, header)),
      clientAddress(peer, headersOf(metadata, 'x-forwarded-for')),
    )
  return {
    interceptor({ path }, call) {
      if (open.test(path)) return new ServerInterceptingCall(call)
      const rpc = path.slice(path.lastIndexOf('/') + 1)
      let startedAt = 0
      let refused = false
      const refuse = (thrown: unknown): void => {
        refused = true
        const error = storeErrorOf(thrown) ?? thrown
        if (!isGatewayError(error)) logger.error({ err: error, rpc }, 'an unexpected error in a call')
        const status = statuses.toWire(error)
        answered(rpc, statusName(status.code), performance.now() - startedAt)
        call.sendStatus(status)
      }
      return new ServerInterceptingCall(call, {
        start: next =>
          next({
            onReceiveMetadata(metadata, go) {
              startedAt = performance.now()
              const authenticating = authenticateCall(metadata, call.getPeer())
              const enter = (caller: Caller): void => {
                if (hasMalformedTimeout(call)) {
                  refuse(invalidField('grpc-timeout', 'expected at most 8 digits and a unit: H, M, S, m, u or n'))
                  return
                }
                callers.set(metadata, caller)
                go(metadata)
              }
              authenticating.then(enter, refuse)
            },
            onReceiveMessage(message, go) {
              if (isUnreadable(message)) refuse(unreadableMessage(rpc))
              else go(message)
            },
            // The call has ended; its handler is not to start on nothing.
            onReceiveHalfClose(go) {
              if (!refused) go()
            },
          }),
      })
    },
    callerOf(metadata) {
      const caller = callers.get(metadata)
      if (caller === undefined) throw new Error('a call came past the gatekeeper')
      return caller
    },
  }
}
