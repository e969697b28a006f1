import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createFetchPart, type FetchLimits, type ResolveHost } from '#services/router/admit/fetch/fetch-part'
import { isInside, readNetworks } from '#services/router/admit/fetch/inside-addresses'

const never = new AbortController().signal

describe('isInside()', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '192.88.99.1',
    '::',
    '::1',
    '::127.0.0.1',
    'fe80::1',
    'fd00::1',
    'fd00:ec2::254',
    'fec0::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    // Translated IPv4 and blocks that are given to nobody.
    '::ffff:0:127.0.0.1',
    '::ffff:0:7f00:1',
    '1234::1',
    '4000::1',
    '8000::1',
    '3fff::1',
    '5f00::1',
    '2001:db8::1',
    '2001:20::1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    'fe80::1%eth0',
    'not an address',
    '0177.0.0.1',
    '2130706433',
    '',
  ])('refuses %s', address => {
    expect(isInside(address)).toBe(true)
  })

  it.each([
    '93.184.216.34',
    '172.32.0.1',
    '100.128.0.1',
    '2606:2800:220:1:248:1893:25c8:1946',
    '2a00:1450::1',
    '::ffff:93.184.216.34',
  ])('lets %s be', address => {
    expect(isInside(address)).toBe(false)
  })

  it('lets networks of the deployment be, and no more', () => {
    const networks = readNetworks(['10.20.0.0/16', 'fd00:1::/32'])
    expect(isInside('10.20.3.4', networks)).toBe(false)
    expect(isInside('10.21.3.4', networks)).toBe(true)
    expect(isInside('fd00:1::5', networks)).toBe(false)
    expect(isInside('fd00:2::5', networks)).toBe(true)
  })
})

/** Stands for a public server: the one inside address that these limits let through. */
const outside = '127.0.0.1'
/** Stands for the metadata service, an admin page, a database: listens too, and must never be reached. */
const secret = '127.0.0.2'

interface Site {
  readonly port: number
  readonly asked: string[]
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

async function openSite(
  address: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<Site> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(port, address, resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

const nameServer =
  (names: Readonly<Record<string, readonly string[]>>): ResolveHost =>
  async host =>
    (names[host] ?? [host]).map(address => ({ address, family: 4 }))

function fetcherFor(more: Partial<FetchLimits>, resolve?: ResolveHost) {
  const limits: FetchLimits = {
    allow: [],
    schemes: ['http'],
    networks: [`${outside}/32`],
    redirects: 2,
    bytes: 1000,
    requestBytes: 1500,
    timeoutMs: 2000,
    atOnce: 4,
    ...more,
  }
  return createFetchPart(limits, resolve)
}

const refusal = (promise: Promise<Uint8Array>) =>
  promise.then(
    () => 'it was fetched',
    (error: unknown) => error,
  )

describe('the address of a part', () => {
  const allow = ['localhost', '.example.org', '169.254.169.254', '[::ffff:7f00:1]', '127.0.0.1']
  const fetchPart = createFetchPart({
    allow,
    schemes: ['https'],
    networks: [],
    redirects: 0,
    bytes: 10,
    requestBytes: 10,
    timeoutMs: 500,
    atOnce: 4,
  })()

  it.each([
    ['http://localhost/x', /https/u],
    ['file:///etc/passwd', /https/u],
    ['ftp://files.example.org/x', /https/u],
    ['data:image/png;base64,AAAA', /https/u],
    ['https://user:secret@localhost/x', /credentials/u],
    ['https://example.com/x', /host/u],
    ['https://evilexample.org/x', /host/u],
    ['https://localhost:6379/x', /host/u],
    ['https://localhost/x', /inside/u],
    ['https://127.0.0.1/x', /inside/u],
    ['https://2130706433/x', /inside/u],
    ['https://0x7f.1/x', /inside/u],
    ['https://169.254.169.254/latest/meta-data/', /inside/u],
    ['https://[::ffff:127.0.0.1]/x', /inside/u],
    ['no address', /https/u],
  ])('%s is refused, naming the field and not the address', async (uri, why) => {
    const refused = await refusal(fetchPart(uri, 'content[0].image', never))
    expect(refused).toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringMatching(why),
      details: { violations: [{ field: 'content[0].image.uri' }] },
    })
    expect(String(refused)).not.toMatch(/secret|passwd|meta-data/u)
  })

  it('ends as Cancelled when the caller has left', async () => {
    await expect(
      fetchPart('https://files.example.org/x', 'content[0].image', AbortSignal.abort()),
    ).rejects.toMatchObject({
      code: 'Cancelled',
    })
  })
})

describe('a name', () => {
  it('with one inside address among others is refused', async () => {
    const site = await openSite(secret, (_request, response) => response.end('secret'))
    const resolve = nameServer({ 'a.example.org': [outside, secret] })
    const fetchPart = fetcherFor({ allow: [`a.example.org:${site.port}`] }, resolve)()
    expect(await refusal(fetchPart(`http://a.example.org:${site.port}/`, 'f', never))).toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringContaining('inside'),
    })
    expect(site.asked).toEqual([])
  })

  it('that changes after it was checked is still connected to at the checked address', async () => {
    const site = await openSite(outside, (_request, response) => response.end('public'))
    const inner = await openSite(secret, (_request, response) => response.end('secret'), site.port)
    let lookedUp = 0
    const rebinding: ResolveHost = async () => {
      lookedUp += 1
      return [{ address: lookedUp === 1 ? outside : secret, family: 4 }]
    }
    const name = `rebind.example.org:${site.port}`
    const fetcher = fetcherFor({ allow: [name] }, rebinding)
    expect(Buffer.from(await fetcher()(`http://${name}/1`, 'f', never)).toString()).toBe('public')
    expect(lookedUp).toBe(1)
    // The next request looks again, meets the inside address, and does not go on over a connection that was kept.
    expect(await refusal(fetcher()(`http://${name}/2`, 'f', never))).toMatchObject({
      message: expect.stringContaining('inside'),
    })
    expect(site.asked).toEqual(['/1'])
    expect(inner.asked).toEqual([])
  })

  it('is not asked of the system again: the connection goes where the check looked', async () => {
    const site = await openSite('127.0.0.3', (_request, response) => response.end('pinned'))
    // The system would say 127.0.0.1, where nobody listens on this port.
    const resolve = nameServer({ localhost: ['127.0.0.3'] })
    const fetchPart = fetcherFor({ allow: [`localhost:${site.port}`], networks: ['127.0.0.3/32'] }, resolve)()
    expect(Buffer.from(await fetchPart(`http://localhost:${site.port}/`, 'f', never)).toString()).toBe('pinned')
  })
})

describe('a redirect', () => {
  const redirecting = (location: string) => (request: IncomingMessage, response: ServerResponse) =>
    request.url === '/start' ? response.writeHead(302, { location }).end() : response.end('arrived')

  it('is followed to where parts may be fetched from', async () => {
    const site = await openSite(outside, redirecting('/end'))
    const fetchPart = fetcherFor({ allow: [`${outside}:${site.port}`] })()
    const bytes = await fetchPart(`http://${outside}:${site.port}/start`, 'f', never)
    expect(Buffer.from(bytes).toString()).toBe('arrived')
    expect(site.asked).toEqual(['/start', '/end'])
  })

  it.each([
    ['an inside address that is listed', (port: number) => `http://${secret}:${port}/end`, /inside/u],
    ['a listed name that has an inside address', (port: number) => `http://in.example.org:${port}/end`, /inside/u],
    ['the metadata address', () => 'http://169.254.169.254/latest/meta-data/', /inside/u],
    ['a host that is not listed', (port: number) => `http://evil.example.com:${port}/end`, /host/u],
    ['another port of its own host', () => `http://${outside}:6379/end`, /host/u],
    ['another scheme', () => 'file:///etc/passwd', /http/u],
  ])('to %s is not followed', async (_what, locate, why) => {
    const inner = await openSite(secret, (_request, response) => response.end('secret'))
    const site = await openSite(outside, redirecting(locate(inner.port)))
    const allow = [
      `${outside}:${site.port}`,
      `${secret}:${inner.port}`,
      `in.example.org:${inner.port}`,
      '169.254.169.254',
    ]
    const fetchPart = fetcherFor({ allow }, nameServer({ 'in.example.org': [secret] }))()
    const refused = await refusal(fetchPart(`http://${outside}:${site.port}/start`, 'f', never))
    expect(refused).toMatchObject({ code: 'InvalidRequest', message: expect.stringMatching(why) })
    expect(inner.asked).toEqual([])
  })

  it('is followed only so often', async () => {
    const site = await openSite(outside, (request, response) =>
      response.writeHead(307, { location: `${request.url}x` }).end(),
    )
    const fetchPart = fetcherFor({ allow: [`${outside}:${site.port}`], redirects: 2 })()
    expect(await refusal(fetchPart(`http://${outside}:${site.port}/`, 'f', never))).toMatchObject({
      message: expect.stringContaining('too often'),
    })
    expect(site.asked).toEqual(['/', '/x', '/xx'])
  })
})

describe('an answer', () => {
  const fetched = async (
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    more: Partial<FetchLimits> = {},
  ): Promise<unknown> => {
    const site = await openSite(outside, answer)
    const fetchPart = fetcherFor({ allow: [`${outside}:${site.port}`], ...more })()
    return refusal(fetchPart(`http://${outside}:${site.port}/`, 'f', never))
  }

  it('that says it is too large is refused before its body, one that lies when it is', async () => {
    const said = await fetched((_request, response) => {
      response.writeHead(200, { 'content-length': '1001' }).write('x')
    })
    expect(said).toMatchObject({ message: expect.stringContaining('more than 1000 bytes') })
    const endless = await fetched((_request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(400)), 1)
      response.once('close', () => clearInterval(timer))
    })
    expect(endless).toMatchObject({ message: expect.stringContaining('more than 1000 bytes') })
  })

  it('that drips is ended at the limit of time', async () => {
    const slow = await fetched(
      (_request, response) => {
        const timer = setInterval(() => response.write('x'), 20)
        response.once('close', () => clearInterval(timer))
      },
      { timeoutMs: 200 },
    )
    expect(slow).toMatchObject({ message: expect.stringContaining('in time') })
  })

  it('that says nothing is given up in time, though memory is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const site = await openSite(outside, () => {})
    const fetcher = fetcherFor({ allow: [`${outside}:${site.port}`], timeoutMs: 500 })
    const collecting = setInterval(collect, 50)
    try {
      const silent = await refusal(fetcher()(`http://${outside}:${site.port}/`, 'f', new AbortController().signal))
      expect(silent).toMatchObject({ message: expect.stringContaining('in time') })
    } finally {
      clearInterval(collecting)
    }
  }, 20_000)

  it('that is compressed is refused, so that none unfolds', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    const refused = await fetched(
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      { bytes: 20_000, requestBytes: 20_000 },
    )
    expect(refused).toMatchObject({ message: expect.stringContaining('compressed') })
  })

  it('that is an error says its status alone', async () => {
    const refused = await fetched((_request, response) => response.writeHead(403).end('secret of the host'))
    expect(refused).toMatchObject({ message: expect.stringContaining('403') })
    expect(String(refused)).not.toContain('secret')
  })
})

describe('parts of one request', () => {
  it('share what may be fetched, and each request has its own', async () => {
    const site = await openSite(outside, (_request, response) => response.end(Buffer.alloc(600)))
    const fetcher = fetcherFor({ allow: [`${outside}:${site.port}`] })
    const uri = `http://${outside}:${site.port}/`
    const first = fetcher()
    await first(uri, 'f', never)
    await first(uri, 'f', never)
    expect(await refusal(first(uri, 'f', never))).toMatchObject({ message: expect.stringContaining('together') })
    expect(await fetcher()(uri, 'f', never)).toHaveLength(600)
  })

  it('beyond what a router fetches at once are told to come again', async () => {
    const site = await openSite(outside, () => {})
    const fetcher = fetcherFor({ allow: [`${outside}:${site.port}`], atOnce: 2, timeoutMs: 300 })
    const uri = `http://${outside}:${site.port}/`
    const outcomes = await Promise.all([1, 2, 3].map(() => refusal(fetcher()(uri, 'f', never))))
    expect(outcomes.map(outcome => (outcome as { code: string }).code)).toEqual([
      'InvalidRequest',
      'InvalidRequest',
      'Overloaded',
    ])
    expect(await refusal(fetcher()(uri, 'f', never))).toMatchObject({ code: 'InvalidRequest' })
  })
})
