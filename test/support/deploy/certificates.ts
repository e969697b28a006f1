import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

/** A key pair with a certificate, as PEM. */
export interface Certified {
  readonly certificate: string
  readonly key: string
  readonly serialNumber: string
}

/** An authority that signs certificates. */
export interface Authority extends Certified {
  issue(name: string, validMs?: number): Certified
}

/** Makes an authority; everything is built here, so that the tests need no openssl. */
export function createAuthority(name: string): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = certify({ name, issuer: name, subjectKey: pair.publicKey, signer: pair.privateKey, isAuthority: true })
  return {
    ...own,
    key: pemOf(pair.privateKey),
    issue(subject, validMs) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const issued = certify({
        name: subject,
        issuer: name,
        subjectKey: publicKey,
        signer: pair.privateKey,
        isAuthority: false,
        ...(validMs === undefined ? {} : { validMs }),
      })
      return { ...issued, key: pemOf(privateKey) }
    },
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

interface Wanted {
  readonly name: string
  readonly issuer: string
  readonly subjectKey: KeyObject
  readonly signer: KeyObject
  readonly isAuthority: boolean
  readonly validMs?: number
}

const hourMs = 3_600_000

/** A certificate for `localhost` and 127.0.0.1. @source RFC 5280, section 4.1 */
function certify({ name, issuer, subjectKey, signer, isAuthority, validMs = hourMs }: Wanted): Omit<Certified, 'key'> {
  const serial = Buffer.concat([Buffer.from([0x40]), randomBytes(15)])
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x82, Buffer.from(name)),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  )
  const extensions = [
    extension('551d13', isAuthority ? sequence(der(0x01, Buffer.from([0xff]))) : sequence(), true),
    ...(isAuthority ? [] : [extension('551d11', names, false)]),
  ]
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    distinguishedName(issuer),
    sequence(time(Date.now() - hourMs), time(Date.now() + validMs)),
    distinguishedName(name),
    subjectKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, signer)
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = whole.toString('base64').replaceAll(/.{64}/gu, '$&\n')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    serialNumber: serial.toString('hex').toUpperCase(),
  }
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents)
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
}

function time(at: number): Buffer {
  const text = `${new Date(at).toISOString().replaceAll(/[-:T]/gu, '').slice(0, 14)}Z`
  return der(0x18, Buffer.from(text))
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  const mark = critical ? [der(0x01, Buffer.from([0xff]))] : []
  return sequence(objectId(id), ...mark, der(0x04, value))
}
