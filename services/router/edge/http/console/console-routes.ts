import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import { GatewayError } from '#services/contract/errors'
import { parseRequestId } from '#services/contract/ids'
import { describeState } from '#services/router/watch/describe-request'
import type { WatchedRequest } from '#services/router/watch/watched-request'
import type { Route } from '../serve-route.ts'
import { openFeed, type FeedDependencies } from './console-feed.ts'
import { contentOf } from './content-view.ts'

/** What the console is made from. */
export interface ConsoleDependencies extends FeedDependencies {
  readonly cascadeLog: Pick<CascadeLog, 'read'>
  /** Name and version of this router. */
  readonly router: { readonly name: string; readonly version: string }
  /** Whether the operator lets it show what was asked and answered. */
  readonly content: boolean
}

const common = { rpc: 'Console', scope: 'console', dialect: 'openai' } as const

/** Everything that the page asks for; all of it wants the scope `console`. */
export function createConsoleRoutes(dependencies: ConsoleDependencies): readonly Route[] {
  return [
    {
      ...common,
      method: 'GET',
      path: '/console/api/session',
      summary: 'Who looks, and at what',
      async answer(_body, { context, reply }) {
        const { tenant, credentialId, scopes } = context.caller
        reply.header('cache-control', 'no-store')
        return { tenant, credentialId, scopes, router: dependencies.router, content: dependencies.content }
      },
    },
    {
      ...common,
      method: 'GET',
      path: '/console/api/events',
      summary: 'What happens, as it happens',
      async answer(_body, call) {
        openFeed(call, dependencies)
        return undefined
      },
    },
    {
      ...common,
      method: 'GET',
      path: '/console/api/requests/:id',
      summary: 'One request',
      async answer(_body, { request, reply }) {
        const { id } = request.params as { id: string }
        reply.header('cache-control', 'no-store')
        return requestOf(id, dependencies)
      },
    },
  ]
}

/** From the memory of this router where it ran here, else from the log. @throws GatewayError NotFound */
async function requestOf(id: string, { watch, cascadeLog, content }: ConsoleDependencies): Promise<object> {
  const requestId = parseRequestId(id)
  const known = watch.find(id)
  const isLogWanted = known === undefined || content
  const state = requestId === undefined || !isLogWanted ? undefined : await cascadeLog.read(requestId)
  const shown: WatchedRequest | undefined = known ?? (state === undefined ? undefined : describeState(state))
  if (shown === undefined) throw new GatewayError('NotFound', 'there is no such request, or it is kept no longer')
  return { ...shown, content: content && state !== undefined ? contentOf(state) : null }
}
