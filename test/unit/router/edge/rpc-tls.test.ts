import { credentials, status, type ChannelCredentials } from '@grpc/grpc-js'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type PeerCertificate } from 'node:tls'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createRotatingCredentials,
  type RotatingCredentials,
} from '#services/router/edge/grpc/tls/rotating-credentials'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { createAuthority, type Authority, type Certified } from '../../../support/deploy/certificates.ts'
import {
  called,
  finishedWith,
  openRpcGateway,
  type Inside,
  type RpcGateway,
} from '../../../support/gateways/rpc-gateway.ts'

const request: InferRequest = { task: 'TASK_GENERATE', content: [{ text: 'hello' }] }
const reloadMs = 100

let folder: string
let authority: Authority
let lines: string[]
let opened: { gateway: RpcGateway; rotating: RotatingCredentials }[] = []

const file = (name: string): string => join(folder, name)
const put = (name: string, text: string): void => {
  // As Kubernetes and every careful writer does: the file is whole at every moment.
  writeFileSync(file(`${name}.new`), text)
  renameSync(file(`${name}.new`), file(name))
}
const putPair = ({ certificate, key }: Certified): void => {
  put('key.pem', key)
  put('cert.pem', certificate)
}

async function open(inside: Inside = {}, mutual = false): Promise<RpcGateway> {
  const files = {
    certificate: file('cert.pem'),
    key: file('key.pem'),
    ...(mutual ? { clientAuthorities: file('clients.pem') } : {}),
  }
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const rotating = await createRotatingCredentials({ files, reloadMs }, logger)
  const gateway = await openRpcGateway({
    handler: { infer: async () => finishedWith('over TLS') },
    ...inside,
    credentials: rotating.credentials,
  })
  opened.push({ gateway, rotating })
  return gateway
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
  authority = createAuthority('test authority')
  lines = []
  putPair(authority.issue('gateway'))
})
afterEach(async () => {
  for (const { gateway, rotating } of opened.splice(0)) {
    await gateway.stop()
    await rotating.stop()
  }
  rmSync(folder, { recursive: true, force: true })
})

const trusting = (from: Authority, own?: Certified): ChannelCredentials =>
  credentials.createSsl(
    Buffer.from(from.certificate),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.certificate),
  )

/** A client on a connection of its own. */
const infer = async (gateway: RpcGateway, channel: ChannelCredentials) => {
  const client = gateway.client({ 'grpc.use_local_subchannel_pool': 1 }, channel)
  const outcome = await called(reply => client.infer(request, reply))
  client.close()
  return outcome
}

/** The certificate that a new connection is shown. */
function shown({ address }: RpcGateway): Promise<PeerCertificate> {
  const [host = '', port = ''] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

async function untilShown(gateway: RpcGateway, serialNumber: string): Promise<void> {
  const giveUpAt = Date.now() + 10_000
  while ((await shown(gateway)).serialNumber !== serialNumber) {
    if (Date.now() > giveUpAt) throw new Error('the new certificate was not shown in time')
    await sleep(20)
  }
}

describe('the port with a certificate', { timeout: 60_000 }, () => {
  it('serves who trusts its authority, and nobody in plain text or trusting another', async () => {
    const gateway = await open()
    expect((await infer(gateway, trusting(authority))).value).toMatchObject({ output: { text: 'over TLS' } })
    expect((await infer(gateway, credentials.createInsecure())).failure?.code).toBe(status.UNAVAILABLE)
    expect((await infer(gateway, trusting(createAuthority('other')))).failure?.code).toBe(status.UNAVAILABLE)
  })

  it('speaks no TLS before 1.2', async () => {
    const gateway = await open()
    const port = Number(gateway.address.split(':')[1])
    const old = new Promise((resolve, reject) => {
      const options = { port, rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const
      connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => resolve('connected')).once('error', reject)
    })
    await expect(old).rejects.toThrow(/protocol|alert/iu)
  })

  it('lets in only clients with a certificate of its authorities, when it has such', async () => {
    const clients = createAuthority('clients')
    put('clients.pem', clients.certificate)
    const gateway = await open({}, true)
    expect((await infer(gateway, trusting(authority, clients.issue('one')))).value).toBeDefined()
    expect((await infer(gateway, trusting(authority))).failure?.code).toBe(status.UNAVAILABLE)
    const stranger = createAuthority('clients').issue('one')
    expect((await infer(gateway, trusting(authority, stranger))).failure?.code).toBe(status.UNAVAILABLE)
    const over = clients.issue('late', -1000)
    expect((await infer(gateway, trusting(authority, over))).failure?.code).toBe(status.UNAVAILABLE)
  })

  it('holds new clients against new authorities once they are changed', async () => {
    const [before, after] = [createAuthority('before'), createAuthority('after')]
    put('clients.pem', before.certificate)
    const gateway = await open({}, true)
    expect((await infer(gateway, trusting(authority, before.issue('one')))).value).toBeDefined()
    put('clients.pem', after.certificate)
    const giveUpAt = Date.now() + 10_000
    while ((await infer(gateway, trusting(authority, after.issue('two')))).value === undefined) {
      if (Date.now() > giveUpAt) throw new Error('the new authorities were not taken in time')
      await sleep(20)
    }
    expect((await infer(gateway, trusting(authority, before.issue('one')))).failure?.code).toBe(status.UNAVAILABLE)
  })

  it.each([
    ['no key', 'key.pem', 'nothing'],
    ['no certificate', 'cert.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ])('does not open with a file that is %s, and says which without its text', async (_what, name, text) => {
    put(name, text)
    await expect(open()).rejects.toMatchObject({ code: 'Config', message: expect.not.stringContaining('AAAA') })
  })

  it('does not open with the key of another certificate', async () => {
    put('key.pem', authority.issue('other').key)
    await expect(open()).rejects.toThrow(/not that of the certificate/u)
  })
})

describe('a certificate that is changed under load', { timeout: 60_000 }, () => {
  it('loses no call: what is under way ends, new calls go on, new connections see the new one', async () => {
    let finish: (() => void) | undefined
    const gateway = await open({
      handler: {
        infer: incoming =>
          incoming.request.sessionKey === 'long'
            ? new Promise(resolve => (finish = () => resolve(finishedWith('the long one'))))
            : sleep(1).then(() => finishedWith('quick')),
      },
    })
    const channel = trusting(authority)
    const long = called(reply => gateway.client({}, channel).infer({ ...request, sessionKey: 'long' }, reply))
    const failures: unknown[] = []
    const served = { count: 0, stop: false }
    const count = ({ failure }: Awaited<ReturnType<typeof infer>>): void => {
      if (failure !== undefined) failures.push(failure)
      served.count += 1
    }
    // Two clients that stay connected, and one that connects again for every call.
    const keeping = [1, 2].map(async () => {
      const client = gateway.client({ 'grpc.use_local_subchannel_pool': 1 }, channel)
      while (!served.stop) count(await called(reply => client.infer(request, reply)))
    })
    const renewing = (async () => {
      while (!served.stop) count(await infer(gateway, channel))
    })()
    const seen = new Set<string>()
    for (let turn = 0; turn < 4; turn += 1) {
      const next = authority.issue('gateway')
      putPair(next)
      await untilShown(gateway, next.serialNumber)
      seen.add(next.serialNumber)
      const before = served.count
      while (served.count < before + 6) await sleep(1)
    }
    finish?.()
    expect((await long).value).toMatchObject({ output: { text: 'the long one' } })
    served.stop = true
    await Promise.all([...keeping, renewing])
    expect(failures).toEqual([])
    expect(seen.size).toBe(4)
    expect(lines.filter(line => line.includes('the certificate was changed'))).toHaveLength(4)
  })

  it('is not taken while its files do not go together: the one before stays, and the log says so once', async () => {
    const gateway = await open()
    const before = (await shown(gateway)).serialNumber
    const next = authority.issue('gateway')
    put('cert.pem', next.certificate)
    await sleep(reloadMs * 5)
    expect((await shown(gateway)).serialNumber).toBe(before)
    expect((await infer(gateway, trusting(authority))).value).toBeDefined()
    expect(lines.filter(line => line.includes('the new certificate was rejected'))).toHaveLength(1)
    put('key.pem', next.key)
    await untilShown(gateway, next.serialNumber)
    expect(lines.join('')).not.toMatch(/BEGIN|PRIVATE/u)
  })
})
