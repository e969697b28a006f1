import { Agent, request } from 'undici'
import { readServerText } from '#services/platform/http/server-words'
import { withoutSecrets } from '#services/platform/http/without-secrets'

/** What a server said to one page. */
export type FetchedPage =
  | { readonly kind: 'answered'; readonly status: number; readonly value: unknown; readonly words: string }
  | { readonly kind: 'unreachable'; readonly why: string }

/** How a page is fetched. */
export interface FetchPageOptions {
  readonly headers: Readonly<Record<string, string>>
  /** A key that may occur in the server's message. */
  readonly secret: string | undefined
  readonly timeoutMs: number
}

/** Lists of models are some hundred kilobytes at most. */
const mostBytes = 8 * 1024 * 1024

/** Longest that is shown of a server's words. */
const mostWords = 200

/**
 * Gets a page of a server: it costs no tokens. Redirects are not followed: the address is what the operator wrote.
 * Never throws.
 */
export async function fetchPage(url: URL, { headers, secret, timeoutMs }: FetchPageOptions): Promise<FetchedPage> {
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } })
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { statusCode: status, body } = await request(url, { dispatcher, headers, signal })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      const piece: Buffer = chunk
      chunks.push(piece)
      bytes += piece.byteLength
      if (bytes > mostBytes) break
    }
    const text = Buffer.concat(chunks).toString()
    const words = withoutSecrets(readServerText(text).message, secret === undefined ? [] : [secret], '…')
    return { kind: 'answered', status, value: valueOf(text), words: words.replaceAll(/\s+/gu, ' ').slice(0, mostWords) }
  } catch (error) {
    return { kind: 'unreachable', why: whyOf(error) }
  } finally {
    await dispatcher.destroy()
  }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A code such as ECONNREFUSED; words of an error could hold an address with its password. */
function whyOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'nothing came in time'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^[A-Z][A-Z0-9_]+$/u.test(code) ? code : 'the connection failed'
}

/** The address of a page under a base address, with the base's query behind it. */
export function pageOf(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl)
  const [name = '', search = ''] = path.split('?')
  url.pathname = url.pathname.replace(/\/$/u, '') + name
  for (const [key, value] of new URLSearchParams(search)) url.searchParams.set(key, value)
  url.username = ''
  url.password = ''
  return url
}
