import type { RouteOptions } from 'fastify'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The pages are beside the services, in the sources and in the build alike. */
const folder = fileURLToPath(new URL('../../../../console/', import.meta.url))

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Nothing but the console's own files runs or is shown, and it talks only to its own gateway. `data:` is what a
 * user has chosen or recorded in the page.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  'media-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
}

interface Page {
  readonly body: Buffer
  readonly type: string
  readonly tag: string
}

/**
 * `GET /console`, the files of the page, and whether it needs a key. They hold no data: whatever is shown, the page
 * asks for with the scope `console`.
 */
export function createConsolePages(isKeyNeeded: boolean): readonly RouteOptions[] {
  const pages = readPages()
  const serve = (path: string): RouteOptions['handler'] =>
    function handler(request, reply) {
      const page = pages.get(path)
      if (page === undefined) return reply.callNotFound()
      const { body, type, tag } = page
      void reply.headers({ ...headers, etag: tag })
      if (request.headers['if-none-match'] === tag) return reply.code(304).send()
      return reply.type(type).send(body)
    }
  const files = [...pages.keys()].map(path => ({
    method: 'GET' as const,
    url: `/console/${path}`,
    handler: serve(path),
  }))
  const door = { method: 'GET' as const, url: '/console/session', handler: () => ({ isKeyNeeded }) }
  return [{ ...files[0]!, url: '/console', handler: serve('index.html') }, door, ...files]
}

function readPages(): ReadonlyMap<string, Page> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => extname(path) in mediaTypes)
  return new Map(
    paths.map(path => {
      const body = readFileSync(join(folder, path))
      const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`
      return [path, { body, tag, type: mediaTypes[extname(path)] ?? 'application/octet-stream' }]
    }),
  )
}
