import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { invalidField } from '#services/contract/errors'

/** An address that was checked, to be connected to and no other. */
export interface PinnedAddress {
  readonly address: string
  readonly family: number
}

/** What one answer may weigh: of itself, and of all that one request fetches. */
export interface Allowance {
  readonly partBytes: number
  /** Counted down by every answer of the request. */
  leftBytes: number
}

/** Bytes, or the address of them. */
export type Downloaded = { readonly bytes: Uint8Array } | { readonly location: string }

const redirects = new Set([301, 302, 303, 307, 308])

/**
 * Asks one URL at the pinned address. The certificate is still checked against the name. A connection of its
 * own each time: one that is kept could be to an address that was checked for another name.
 */
export function download(
  { url, pinned }: { readonly url: URL; readonly pinned: PinnedAddress },
  allowance: Allowance,
  at: string,
  signal: AbortSignal,
): Promise<Downloaded> {
  const options: RequestOptions = {
    signal,
    agent: false,
    // Compressed, a small answer could unfold without bounds.
    headers: { 'accept-encoding': 'identity', 'user-agent': 'sluice' },
    lookup(_host, { all }, done) {
      if (all === true) done(null, [{ address: pinned.address, family: pinned.family }])
      else done(null, pinned.address, pinned.family)
    },
  }
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
    request.once('response', response => {
      take(response, allowance, at).then(resolve, reject)
    })
    request.once('error', reject)
    request.end()
  })
}

async function take(response: IncomingMessage, allowance: Allowance, at: string): Promise<Downloaded> {
  const { statusCode = 0, headers } = response
  try {
    if (redirects.has(statusCode) && headers.location !== undefined) return { location: headers.location }
    if (statusCode !== 200) throw invalidField(at, `its host answered ${statusCode}`)
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw invalidField(at, 'its host answered compressed')
    if (Number(headers['content-length'] ?? 0) > allowance.partBytes) throw tooLarge(allowance, at)
    return { bytes: await gather(response, allowance, at) }
  } finally {
    response.destroy()
  }
}

async function gather(response: IncomingMessage, allowance: Allowance, at: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const bytes: Buffer = chunk
    size += bytes.byteLength
    allowance.leftBytes -= bytes.byteLength
    if (size > allowance.partBytes) throw tooLarge(allowance, at)
    if (allowance.leftBytes < 0) throw invalidField(at, 'what this request fetches is too much together')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function tooLarge({ partBytes }: Allowance, at: string): Error {
  return invalidField(at, `it has more than ${partBytes} bytes`)
}
