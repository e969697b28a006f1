import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { systemClock } from '#services/contract/clock'
import { createRedisPayloadStore } from '#services/state/payloads/redis-payload-store'
import { connectRedis, whenReady } from '#services/platform/redis/connect'
import type { Key__Output } from '#services/wire/generated/sluice/v1/Key'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { startSecuredGateway, upstreamKey, type SecuredGateway } from '../../support/gateways/secured-gateway.ts'
import { connect, textRequest, type TestClient } from '../../support/processes.ts'

const prompt = 'planted-prompt-of-a-caller'
const answerLeak = 'planted-upstream-answer'
const { Admin } = typesOf(loadServices(packageRoot())).sluice.v1

let authentication: SecuredGateway
let first: TestClient
let second: TestClient
let site: Server
let upstream: Server
let acme: string
let beta: string
/** Everything that callers were told of failures, to be looked through at the end. */
const told: unknown[] = []
const siteAsked: string[] = []

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** One call with a credential; its failure, or its answer. */
function call<T>(
  start: (metadata: Metadata, reply: (error: ServiceError | null, answer?: T) => void) => unknown,
  key: string,
): Promise<{ readonly failure?: ServiceError; readonly answer?: T }> {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${key}`)
  return new Promise(resolve => {
    start(metadata, (failure, answer) => {
      if (failure !== null) told.push(failure.message, failure.details, failure.metadata.toJSON())
      resolve(failure === null ? { ...(answer === undefined ? {} : { answer }) } : { failure })
    })
  })
}

/** Every value of a Redis as text, whatever its type. */
async function everythingIn(url: string): Promise<string> {
  const redis = connectRedis({ url, commandTimeoutMs: 5000 }, pino({ level: 'silent' }))
  await whenReady(redis, 10_000)
  const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    string: key => redis.get(key),
    hash: key => redis.hgetall(key),
    list: key => redis.lrange(key, 0, -1),
    set: key => redis.smembers(key),
    zset: key => redis.zrange(key, 0, '-1'),
    stream: key => redis.xrange(key, '-', '+'),
  }
  const values = await Promise.all(
    (await redis.keys('*')).map(async key => [key, await readers[await redis.type(key)]?.(key)]),
  )
  redis.disconnect()
  return JSON.stringify(values)
}

async function createKey(tenant: string, ...more: string[]): Promise<{ key: Key__Output; secret: string }> {
  const { code, stdout, stderr } = await authentication.cli('keys', 'create', '--tenant', tenant, '--json', ...more)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

beforeAll(async () => {
  site = createServer((request, response) => {
    siteAsked.push(request.url ?? '')
    if (request.url === '/inside') response.writeHead(302, { location: 'http://127.0.0.2:1/secret' }).end()
    else if (request.url === '/metadata') {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/iam' }).end()
    } else response.end('not a picture')
  })
  // Says everything it was sent in its error, as careless servers do.
  upstream = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += String(piece)
    const message = `${answerLeak} ${request.headers.authorization} ${body}`
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }))
  })
  const [sitePort, upstreamPort] = await Promise.all([listening(site), listening(upstream)])
  authentication = await startSecuredGateway({
    fetchAllow: [`127.0.0.1:${sitePort}`, '169.254.169.254', '127.0.0.2:1', '127.0.0.9:6379'],
    upstreamUrl: `http://127.0.0.1:${upstreamPort}/v1`,
  })
  ;[first, second] = authentication.clients
  acme = (await createKey('acme', '--id', 'acme-app')).secret
  beta = (await createKey('beta')).secret
}, 120_000)
afterAll(async () => {
  await authentication?.stop()
  site?.close()
  upstream?.close()
})

describe('a key of the command line', () => {
  it('is made over mutual TLS, lets its tenant in at every router, and is listed without its secret', async () => {
    for (const client of [first, second]) {
      expect((await client.infer(textRequest('hello'), { key: acme })).answer?.output?.text).toBe('hello')
    }
    const listed = await authentication.cli('keys', 'list', '--json')
    const keys: Key__Output[] = JSON.parse(listed.stdout)
    expect(keys.map(key => [key.id, key.tenant, key.source])).toEqual([
      ['operator', 'ops', 'KEY_SOURCE_CONFIGURATION'],
      ['acme-app', 'acme', 'KEY_SOURCE_STORE'],
      [expect.stringMatching(/^key-/u), 'beta', 'KEY_SOURCE_STORE'],
    ])
    expect(listed.stdout).not.toContain(acme.slice(-43))
  })

  it('is rotated with an overlap, and revoked at every router within its memory of a second', async () => {
    const { secret } = await createKey('gamma', '--id', 'gamma-app', '--expires-in', '1h')
    expect((await second.infer(textRequest('one'), { key: secret })).answer).toBeDefined()
    const rotated = JSON.parse(
      (await authentication.cli('keys', 'rotate', 'gamma-app', '--overlap', '1h', '--json')).stdout,
    )
    expect(rotated.secret).not.toBe(secret)
    for (const key of [secret, String(rotated.secret)])
      expect((await second.infer(textRequest('two'), { key })).answer).toBeDefined()
    expect((await authentication.cli('keys', 'revoke', 'gamma-app')).code).toBe(0)
    // The router that revoked it forgets at once, the other after `auth.rememberMs`.
    expect((await first.infer(textRequest('three'), { key: secret })).failure?.status).toBe('UNAUTHENTICATED')
    await sleep(1100)
    for (const key of [secret, String(rotated.secret)])
      expect((await second.infer(textRequest('four'), { key })).failure?.status).toBe('UNAUTHENTICATED')
  })

  it('of the configuration is changed by the configuration alone', async () => {
    const { code, stderr } = await authentication.cli('keys', 'revoke', 'operator')
    expect(code).not.toBe(0)
    expect(stderr).toContain('PERMISSION_DENIED')
  })

  it('is made without a gateway for the first configuration', async () => {
    const { stdout } = await authentication.cli('keys', 'create', '--local', '--id', 'ops', '--tenant', 'ops', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      entry: { id: 'ops', sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) },
      secret: expect.stringMatching(/^sluice_ops_/u),
    })
  })
})

describe('a credential', () => {
  it('that is a good token speaks for its tenant', async () => {
    const token = await authentication.issuer.issue({ tenant: 'acme' })
    expect((await first.infer(textRequest('by token'), { key: token })).answer?.output?.text).toBe('by token')
  })

  it.each<[string, () => Promise<string> | string]>([
    ['expired', () => authentication.issuer.issue({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['for another audience', () => authentication.issuer.issue({ aud: 'other' })],
    ['of another issuer', () => authentication.issuer.issue({ iss: 'https://evil.example' })],
    ['for a tenant that is none', () => authentication.issuer.issue({ tenant: 'acme}:{beta' })],
    ['for no tenant', () => authentication.issuer.issue({ tenant: undefined })],
    ['malformed', () => 'eyJhbGciOiJub25lIn0.e30.'],
    ['unknown', () => 'planted-unknown-credential'],
    ['a key with a wrong secret', () => `${acme.slice(0, -4)}AAAA`],
    ['oversized', () => `planted-oversized-${'x'.repeat(9000)}`],
  ])('that is %s is refused, in the same words as any other', async (_what, make) => {
    const { failure } = await call(
      (metadata, reply) => first.raw.infer(textRequest(prompt), metadata, reply),
      await make(),
    )
    expect(failure?.code).toBe(status.UNAUTHENTICATED)
    expect(failure?.details).toBe('the credential is unknown or has expired')
  })

  it('is needed: nobody is anonymous here', async () => {
    expect((await first.infer(textRequest(prompt))).failure).toMatchObject({ status: 'UNAUTHENTICATED' })
  })

  it('is of no use without a certificate of a client', async () => {
    const bare = connect(
      authentication.address,
      {},
      credentials.createSsl(Buffer.from(authentication.authority.certificate)),
    )
    expect((await bare.infer(textRequest(prompt), { key: acme, deadlineMs: 3000 })).failure?.status).toMatch(
      /UNAVAILABLE|DEADLINE_EXCEEDED/u,
    )
    bare.close()
  })

  it.each(Object.keys(Admin.service))('without the admin scope gets nothing of Admin/%s', async rpc => {
    const method = Admin.service[rpc as keyof typeof Admin.service]!
    const refused = await call(
      (metadata, reply) =>
        first.admin.makeUnaryRequest(
          method.path,
          method.requestSerialize as never,
          method.responseDeserialize as never,
          {} as never,
          metadata,
          reply as never,
        ),
      acme,
    )
    expect(refused.failure?.code).toBe(status.PERMISSION_DENIED)
  })
})

describe('another tenant', () => {
  it('sees no job, watches none and calls none off', async () => {
    const submitted = await first.submit(textRequest('delay=300 of acme'), { key: acme })
    const jobId = submitted.answer?.jobId ?? ''
    expect(jobId).not.toBe('')
    const asks = [
      call((metadata, reply) => first.raw.getJob({ jobId }, metadata, reply), beta),
      call((metadata, reply) => second.raw.cancelJob({ jobId }, metadata, reply), beta),
      call((metadata, reply) => {
        const watch = second.raw.watchJob({ jobId }, metadata)
        watch.on('data', () => reply(null, undefined))
        watch.on('error', (error: ServiceError) => reply(error))
      }, beta),
    ]
    for (const { failure } of await Promise.all(asks)) expect(failure?.code).toBe(status.NOT_FOUND)
    const never = await call((metadata, reply) => first.raw.getJob({ jobId: 'f'.repeat(32) }, metadata, reply), beta)
    const other = await asks[0]!
    // The same words as for a job that never was, so that ids cannot be guessed at.
    expect(other.failure?.details).toBe(never.failure?.details)
    const feedback = (key: string) =>
      call((metadata, reply) => first.raw.sendFeedback({ requestId: jobId, score: 0.5 }, metadata, reply), key)
    const own = await call<{ state: string }>((metadata, reply) => second.raw.getJob({ jobId }, metadata, reply), acme)
    expect(own.answer?.state).not.toBe('JOB_STATE_CANCELLED')
    await call((metadata, reply) => {
      const watch = second.raw.watchJob({ jobId }, metadata)
      watch.on('data', () => {})
      watch.on('error', (error: ServiceError) => reply(error))
      watch.on('end', () => reply(null))
    }, acme)
    expect((await feedback(beta)).failure?.code).toBe(status.NOT_FOUND)
    expect((await feedback(acme)).failure).toBeUndefined()
  })

  it('has a budget of its own', async () => {
    await first.infer(textRequest('costs money'), { key: acme })
    const budgetOf = async (key: string) => {
      const { answer } = await call<{ budgets: { spentNanoUsd: number }[] }>(
        (metadata, reply) => second.raw.getBudget({}, metadata, reply),
        key,
      )
      return answer?.budgets.reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0)
    }
    expect(await budgetOf(acme)).toBeGreaterThan(0)
    expect(await budgetOf(beta)).toBe(0)
  })

  it('shares no idempotency key: the same one is another request', async () => {
    const request = textRequest('secret of acme', { idempotencyKey: 'the-same' })
    const ours = await first.submit(request, { key: acme })
    const theirs = await second.submit(textRequest('content of beta', { idempotencyKey: 'the-same' }), { key: beta })
    expect(theirs.failure).toBeUndefined()
    expect(theirs.answer?.jobId).not.toBe(ours.answer?.jobId)
    const answered = await second.infer(textRequest('of beta', { idempotencyKey: 'and-this' }), { key: beta })
    const asked = await first.infer(textRequest('of acme', { idempotencyKey: 'and-this' }), { key: acme })
    expect([answered.answer?.output?.text, asked.answer?.output?.text]).toEqual(['of beta', 'of acme'])
  })

  it('reads no payload, nor frees or keeps one', async () => {
    const redis = connectRedis({ url: authentication.redis.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
    await whenReady(redis, 10_000)
    const payloads = createRedisPayloadStore({ prefix: 'authentication', quotaBytes: 1e6 }, redis, systemClock)
    const id = await payloads.put('acme', Buffer.from('of acme'), 60_000)
    expect(await payloads.get('beta', id)).toBeUndefined()
    await payloads.remove('beta', [id])
    await payloads.keep('beta', [id], 1)
    expect(Buffer.from((await payloads.get('acme', id)) ?? []).toString()).toBe('of acme')
    redis.disconnect()
  })
})

describe('a part by its address', () => {
  const fetching = (uri: string) =>
    call((metadata, reply) => {
      const content = [{ image: { uri } }]
      first.raw.infer({ task: 'TASK_GENERATE', content }, metadata, reply)
    }, acme)

  it.each<[string, () => string, RegExp]>([
    ['this machine by another of its addresses', () => 'http://127.0.0.9:6379/', /inside/u],
    ['the metadata address', () => 'http://169.254.169.254/latest/meta-data/iam', /inside/u],
    ['an inside address behind a redirect', () => `http://127.0.0.1:${portOf(site)}/inside`, /inside/u],
    ['the metadata address behind a redirect', () => `http://127.0.0.1:${portOf(site)}/metadata`, /inside/u],
    ['a host that is not listed', () => 'http://example.com/', /not one that parts are fetched from/u],
    [
      'another port',
      () => `http://127.0.0.1:${String(authentication.routers[0]?.ready['ops']).split(':')[1]}/metrics`,
      /not one/u,
    ],
    ['what is no picture', () => `http://127.0.0.1:${portOf(site)}/text`, /no image/u],
  ])('is not fetched from %s', async (_what, locate, why) => {
    const { failure } = await fetching(locate())
    expect(failure?.code).toBe(status.INVALID_ARGUMENT)
    expect(failure?.details).toMatch(why)
    expect(failure?.details).not.toContain('iam')
  })

  it('was asked for only where it may be', () => {
    expect(siteAsked).toEqual(['/inside', '/metadata', '/text'])
  })
})

describe('secrets and content', () => {
  it('are in no log, metric, error or trace of a gateway that ran, nor are credentials in Redis', async () => {
    const token = await authentication.issuer.issue()
    const session = { sessionKey: 'planted-session', labels: { team: 'planted-label' } }
    await first.infer(textRequest(prompt, session), { key: acme })
    await first.stream(textRequest(`${prompt} confidence=0.1`, session), { key: token })
    const submitted = await second.submit(textRequest(`${prompt} job`, { idempotencyKey: 'planted-key' }), {
      key: acme,
    })
    await call((metadata, reply) => {
      const watch = second.raw.watchJob({ jobId: submitted.answer?.jobId ?? '' }, metadata)
      watch.on('data', () => {})
      watch.on('error', (error: ServiceError) => reply(error))
      watch.on('end', () => reply(null))
    }, acme)
    // A server that quotes in its error what it was sent: prompt, key and all.
    const pinned = textRequest(`${prompt} upstream`, { constraints: { model: 'upstream' } })
    const failed = await call((metadata, reply) => first.raw.infer(pinned, metadata, reply), acme)
    expect(failed.failure?.code).toBe(status.INVALID_ARGUMENT)
    // Its own words are told, to the caller and in the log; those of its callers are not.
    expect(failed.failure?.details).toContain(answerLeak)
    await call(
      (metadata, reply) => first.raw.infer(textRequest(prompt, { constraints: { model: prompt } }), metadata, reply),
      acme,
    )
    await call(
      (metadata, reply) => first.raw.infer({ ...textRequest(prompt), task: 'TASK_TRANSCRIBE' }, metadata, reply),
      acme,
    )
    await sleep(1500)
    const stored = await everythingIn(authentication.redis.url)
    await authentication.redis.kill()
    await call((metadata, reply) => second.raw.infer(textRequest(prompt), metadata, reply), acme)
    await authentication.redis.restart()

    const metrics = await Promise.all(
      authentication.processes.map(async ({ ready }) => (await fetch(`http://${String(ready['ops'])}/metrics`)).text()),
    )
    const logs = authentication.processes.map(process => process.log())
    expect(logs.join('').length).toBeGreaterThan(2000)
    expect(metrics.every(text => text.includes('sluice_'))).toBe(true)
    expect(authentication.receiver.bodies.join('')).toContain('sluice')
    expect(told.length).toBeGreaterThan(30)
    const places = {
      logs,
      metrics,
      traces: authentication.receiver.bodies,
      errors: told.map(one => JSON.stringify(one)),
    }
    const planted = {
      prompt,
      upstreamKey,
      acme: acme.slice(-43),
      beta: beta.slice(-43),
      operator: authentication.operatorKey.slice(-43),
      token: token.split('.')[2] ?? '',
      unknown: 'planted-unknown-credential',
      oversized: 'planted-oversized',
      subject: 'planted-subject',
      session: 'planted-session',
      label: 'planted-label',
      idempotency: 'planted-key',
    }
    const credentialsInRedis = [acme, beta, authentication.operatorKey]
      .map(key => key.slice(-43))
      .concat(token, upstreamKey)
    expect(stored).toContain('acme-app')
    expect(credentialsInRedis.filter(secret => stored.includes(secret))).toEqual([])
    const found = Object.entries(places).flatMap(([place, texts]) =>
      Object.entries(planted)
        .filter(([, secret]) => texts.some(text => text.includes(secret)))
        .map(([name]) => `${name} in ${place}`),
    )
    expect(found).toEqual([])
  })
})
