import { invalidField } from '#services/contract/errors'

/** Which addresses may be named. */
export interface AllowedUrls {
  /**
   * Host names, or `.example.org` for every host under it, with `:port` where it is not the scheme's own. Empty
   * means that nothing is fetched.
   */
  readonly allow: readonly string[]
  readonly schemes: readonly ('https' | 'http')[]
}

/**
 * Reads an address that a caller or a redirect named.
 * @throws GatewayError InvalidRequest for one that is not allowed; it repeats nothing of it
 */
export function allowedUrl(uri: string, { allow, schemes }: AllowedUrls, at: string, base?: URL): URL {
  const url = URL.canParse(uri, base?.href) ? new URL(uri, base) : undefined
  const isPlain = url !== undefined && url.username === '' && url.password === ''
  if (!isPlain || !schemes.some(scheme => url.protocol === `${scheme}:`)) {
    throw invalidField(at, `expected an ${schemes.join(':// or ')}:// address without credentials`)
  }
  if (allow.some(entry => isAllowed(url, entry))) return url
  throw invalidField(at, 'its host is not one that parts are fetched from')
}

const entryShape = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/u

/** The port of a URL is empty where it is the scheme's own, so an entry without one allows only that port. */
function isAllowed({ hostname, port }: URL, entry: string): boolean {
  const { host = '', port: wanted = '' } = entryShape.exec(entry)?.groups ?? {}
  if (host === '' || port !== wanted) return false
  return host.startsWith('.') ? hostname.endsWith(host) : hostname === host
}
