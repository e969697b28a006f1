import { z } from 'zod'
import type { Route } from './serve-route.ts'

/** `GET /openapi.json`: every path of the port with the schema that its bodies are held to. */
export function createOpenapiRoute(routes: readonly Route[], version: string): Route {
  let document: object | undefined
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    rpc: 'GetOpenapi',
    scope: 'infer',
    dialect: 'openai',
    summary: 'This document',
    answer: async () => (document ??= documentOf([...routes, route], version)),
  }
  return route
}

/** @source OpenAPI Specification 3.1 */
function documentOf(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/gu, '{$1}')
    paths[path] = { ...paths[path], [String(route.method).toLowerCase()]: operationOf(route, path) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version, description: "OpenAI's and Anthropic's wires over one cascade of models." },
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      responses: { error: { description: "The failure, in the wire's own shape" } },
    },
  }
}

function operationOf({ summary, body, form, query = [] }: Route, path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(match => match[1])
  const type = form === true ? 'multipart/form-data' : 'application/json'
  return {
    summary,
    parameters: [
      ...names.map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...query.map(name => ({ name, in: 'query', schema: { type: 'string' } })),
      ...(body === undefined ? [] : requestHeaders),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [type]: { schema: schemaOf(body) } } } }),
    responses: {
      200: { description: 'The answer, with a `sluice` object; events where the body asks for a stream' },
      default: { $ref: '#/components/responses/error' },
    },
  }
}

function schemaOf(body: z.ZodType): object {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(body, { unrepresentable: 'any', io: 'input' })
  return schema
}

const header = (name: string, type: string): object => ({ name, in: 'header', schema: { type } })

const requestHeaders = [
  header('x-sluice-max-cost-usd', 'number'),
  header('x-sluice-max-risk', 'number'),
  header('x-sluice-min-quality', 'number'),
  header('x-sluice-deadline-ms', 'number'),
  header('x-sluice-tier', 'string'),
  header('x-sluice-priority', 'string'),
  header('x-sluice-session', 'string'),
  header('x-sluice-tags', 'string'),
  header('idempotency-key', 'string'),
]
