import { fetchPage, pageOf, type FetchedPage, type FetchPageOptions } from './fetch-page.ts'
import { listed, type ProbeResult } from './probe-finding.ts'

/** A server that speaks HTTP. */
export interface HttpServer {
  readonly kind: 'openai' | 'anthropic' | 'gemini'
  readonly baseUrl: string
  readonly apiKey?: string | undefined
  /** The server's names of the model and of its adapters. */
  readonly served: readonly string[]
}

/** How each protocol carries its key and lists its models, and under what path its servers mostly are. */
const protocols = {
  openai: { usual: '/v1', list: '/models', headers: bearer },
  anthropic: { usual: '/v1', list: '/models?limit=1000', headers: anthropicHeaders },
  gemini: { usual: '/v1beta', list: '/models?pageSize=1000', headers: googleHeaders },
} as const

function bearer(apiKey: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${apiKey}` }
}

function anthropicHeaders(apiKey: string): Readonly<Record<string, string>> {
  return { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }
}

function googleHeaders(apiKey: string): Readonly<Record<string, string>> {
  return { 'x-goog-api-key': apiKey }
}

/**
 * Checks whether a server is there, takes the key and has the model.
 * @source API references of OpenAI ("List models"), Anthropic ("List Models") and Gemini ("models.list")
 */
export async function probeHttp(server: HttpServer, timeoutMs: number): Promise<ProbeResult> {
  const { baseUrl, apiKey, kind } = server
  const endpoint =
    /\/(?:chat\/completions|completions|embeddings|messages|audio\/transcriptions|images\/generations)\/?$/u
  const [tail] = endpoint.exec(new URL(baseUrl).pathname) ?? []
  if (tail !== undefined) {
    return {
      state: 'address-wrong',
      message: `the base URL ends in ${tail}, which Sluice appends by itself: leave it out`,
    }
  }
  const { list, headers } = protocols[kind]
  const options: FetchPageOptions = {
    headers: { accept: 'application/json', ...(apiKey === undefined ? {} : headers(apiKey)) },
    secret: apiKey,
    timeoutMs,
  }
  const page = await fetchPage(pageOf(baseUrl, list), options)
  if (page.kind === 'unreachable') return { state: 'unreachable', message: `there is no server: ${page.why}` }
  const models = page.status === 200 ? modelsIn(page.value) : undefined
  if (models !== undefined) return compare(server, models, options)
  return explain(server, page, options)
}

type Answered = Extract<FetchedPage, { readonly kind: 'answered' }>

/** Names of models in a list, whatever its shape; `undefined` for what is none. */
function modelsIn(value: unknown): readonly string[] | undefined {
  const lists = Array.isArray(value) ? value : (fieldsOf(value)['data'] ?? fieldsOf(value)['models'])
  if (!Array.isArray(lists)) return undefined
  return lists.flatMap(one => {
    if (typeof one === 'string') return [one]
    const { id, name, model } = fieldsOf(one)
    return [id, name, model].filter(word => typeof word === 'string').map(plainName)
  })
}

/** Gemini puts `models/` before names, Ollama `:latest` behind them. */
function plainName(name: string): string {
  return name.replace(/^models\//u, '').replace(/:latest$/u, '')
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

async function compare(server: HttpServer, models: readonly string[], options: FetchPageOptions): Promise<ProbeResult> {
  const names = new Set(models)
  const missing = server.served.filter(name => !names.has(plainName(name)))
  // Lists leave out aliases, and are cut after so many.
  const pages = await Promise.all(
    missing.map(name => fetchPage(pageOf(server.baseUrl, `/models/${encodeURI(name)}`), options)),
  )
  const unknown = missing.filter((_name, place) => !isFound(pages[place]))
  if (unknown.length === 0) return { state: 'ok', message: 'it is there and has the model' }
  return { state: 'model-unknown', message: `the server does not list ${unknown.join(', ')}; ${listed([...names])}` }
}

/** A page of one model, and no page that a server gives for whatever it is asked. */
function isFound(page: FetchedPage | undefined): boolean {
  if (page?.kind !== 'answered' || page.status !== 200) return false
  const { id, name } = fieldsOf(page.value)
  return typeof id === 'string' || typeof name === 'string'
}

const keyStatuses: ReadonlySet<number> = new Set([401, 403])

/** Statuses of a server that is there and has no list of models, or does not give it now. */
const unlisted: ReadonlySet<number> = new Set([404, 405, 429, 501])

async function explain(server: HttpServer, page: Answered, options: FetchPageOptions): Promise<ProbeResult> {
  const { status, words } = page
  const reply = words === '' ? String(status) : `${status}: ${words}`
  if (keyStatuses.has(status) || /api[ _]?key/iu.test(words)) {
    const what = server.apiKey === undefined ? 'it wants a key and none is configured' : 'the key is refused'
    return { state: 'key-refused', message: `${what} (${reply})` }
  }
  const better = status === 404 || status < 400 ? await findPath(server, options) : undefined
  if (better !== undefined) {
    return {
      state: 'address-wrong',
      message: `the base URL should end in ${better}, where the server lists its models`,
    }
  }
  if (unlisted.has(status)) {
    return {
      state: 'unchecked',
      message: `it is there, and does not list its models (${status}): the model is not checked`,
    }
  }
  if (status >= 400) return { state: 'failing', message: `it answers ${reply}` }
  return { state: 'address-wrong', message: `it does not answer as a model server (${reply})` }
}

/** The path under which the server does list its models, where it is the usual one and was left out, or given twice. */
async function findPath({ kind, baseUrl }: HttpServer, options: FetchPageOptions): Promise<string | undefined> {
  const { usual, list } = protocols[kind]
  const { pathname } = new URL(baseUrl)
  const path = pathname.replace(/\/$/u, '')
  const tries = path.endsWith(usual) ? [path.slice(0, -usual.length)] : [`${path}${usual}`, usual]
  for (const one of new Set(tries)) {
    const url = new URL(baseUrl)
    url.pathname = one
    const page = await fetchPage(pageOf(url.href, list), options)
    const isThere = page.kind === 'answered' && (page.status === 401 || modelsIn(page.value) !== undefined)
    if (isThere) return one === '' ? '/' : one
  }
  return undefined
}
