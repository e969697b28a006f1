import type { RouteOptions } from 'fastify'
import type { Logger } from 'pino'
import type { LoadedConfig } from '#services/config/load-config'
import { isGatewayError } from '#services/contract/errors'
import { softwareVersion } from '#services/platform/process/software-version'
import type { RotatingCredentials } from '#services/router/edge/grpc/tls/rotating-credentials'
import { openHttpServer, type HttpServer, type HttpServerOptions } from '#services/router/edge/http/http-server'
import { createBatchesRoutes, type BatchesDependencies } from '#services/router/edge/http/batches/batches-routes'
import { createFilesRoutes } from '#services/router/edge/http/batches/files-routes'
import type { InferDependencies } from '#services/router/edge/http/infer'
import { createChatRoute } from '#services/router/edge/http/openai/chat-route'
import { createEmbeddingsRoute } from '#services/router/edge/http/openai/embeddings-route'
import { createImagesRoute } from '#services/router/edge/http/openai/images-route'
import { createModelsRoutes, type ModelsDependencies } from '#services/router/edge/http/openai/models-routes'
import { createTranscriptionsRoute } from '#services/router/edge/http/openai/transcriptions-route'
import { createConsolePages } from '#services/router/edge/http/console/console-pages'
import { createConsoleRoutes, type ConsoleDependencies } from '#services/router/edge/http/console/console-routes'
import { createMoneyRoutes, type MoneyDependencies } from '#services/router/edge/http/console/money-routes'
import { createRiskRoutes, type RiskDependencies } from '#services/router/edge/http/console/risk-routes'
import { createTryRoutes } from '#services/router/edge/http/console/try-routes'
import { createMessagesRoutes } from '#services/router/edge/http/anthropic/messages-routes'
import { createResponsesRoute } from '#services/router/edge/http/responses/responses-route'
import { createOpenapiRoute } from '#services/router/edge/http/openapi-route'
import { serveRoute, type HttpDependencies, type Route } from '#services/router/edge/http/serve-route'

/** The address where the configuration names none. */
const usualAddress = '127.0.0.1:8080'

/** What the HTTP port answers from. */
export interface HttpServices {
  readonly serve: HttpDependencies
  readonly infer: InferDependencies & ModelsDependencies
  /** Absent where the console is off. */
  readonly console?: (ConsoleDependencies & RiskDependencies & MoneyDependencies) | undefined
  readonly batches: BatchesDependencies
}

/**
 * Opens the HTTP port of the configuration; `undefined` where it is off. The usual address is taken only where it
 * is free: it was not configured, and a second gateway on a machine should not fail for it.
 */
export async function openHttpPort(
  { config, places }: LoadedConfig,
  { serve, infer, console, batches }: HttpServices,
  tls: RotatingCredentials | undefined,
  logger: Logger,
): Promise<HttpServer | undefined> {
  const { listen, limits } = config
  if (listen.http === 'off') return undefined
  const { bodyMegabytes, headerKilobytes, ...rest } = limits.http
  const options: HttpServerOptions = {
    address: listen.http ?? usualAddress,
    corsOrigins: listen.corsOrigins,
    limits: { bodyBytes: Math.floor(bodyMegabytes * 1e6), headerBytes: headerKilobytes * 1024, ...rest },
    ...(tls === undefined
      ? {}
      : {
          tls: {
            context: tls.current().context,
            isMutual: listen.tls?.clientAuthorities !== undefined,
            onChanged: tls.onChanged,
          },
        }),
  }
  const keepMs = config.redis.keep.fileMs
  const routes: readonly Route[] = [
    createChatRoute(infer),
    createResponsesRoute(infer),
    createEmbeddingsRoute(infer),
    createTranscriptionsRoute({ bodyBytes: options.limits.bodyBytes }, infer),
    createImagesRoute(infer),
    ...createModelsRoutes(infer),
    ...createMessagesRoutes(infer),
    ...createFilesRoutes({ fileBytes: Math.floor(limits.batches.fileMegabytes * 1e6), keepMs }, batches.files),
    ...createBatchesRoutes({ keepMs }, batches),
  ]
  const all = [...routes, createOpenapiRoute(routes, softwareVersion(places.root))]
  try {
    const served = all.map(route => serveRoute(route, serve))
    return await openHttpServer(options, [...served, ...consoleOf(config, { console, serve, infer })])
  } catch (error) {
    if (listen.http !== undefined || !isGatewayError(error) || error.details.reason !== 'IN_USE') throw error
    logger.warn(
      { http: usualAddress },
      'the HTTP port stays closed, since the usual address is in use: set listen.http',
    )
    return undefined
  }
}

/** The console: its page, and what that asks for. */
function consoleOf(
  config: LoadedConfig['config'],
  { console, serve, infer }: Pick<HttpServices, 'console' | 'serve' | 'infer'>,
): readonly RouteOptions[] {
  if (console === undefined) return []
  const routes = [
    ...createConsoleRoutes(console),
    ...createTryRoutes(infer),
    ...createRiskRoutes(console),
    ...createMoneyRoutes(console),
  ]
  return [...createConsolePages(isKeyNeeded(config)), ...routes.map(route => serveRoute(route, serve))]
}

/** Whether the console asks for a key before it asks the gateway for anything. */
function isKeyNeeded({ auth }: LoadedConfig['config']): boolean {
  return !auth.anonymous || !auth.anonymousScopes.includes('console')
}
