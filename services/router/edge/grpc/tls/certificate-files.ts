import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { GatewayError } from '#services/contract/errors'
import { fileFaultText } from '#services/platform/process/file-fault'

/** Where the certificate of a port is. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  readonly clientAuthorities?: string
}

/** Certificate, key and authorities that were found to go together. */
export interface LoadedCertificates {
  readonly context: SecureContextOptions
  /** Distinguishes one state of the files from another. */
  readonly fingerprint: string
  readonly serialNumber: string
  /** Epoch ms at which the certificate ends. */
  readonly endsAt: number
}

/**
 * Reads the files and checks that they make a whole: a writer may be between two of them.
 * @throws GatewayError Config that says what is wrong and holds nothing of the key
 */
export async function loadCertificates(files: CertificateFiles): Promise<LoadedCertificates> {
  const [cert, key, ca] = await Promise.all([
    read('certificate', files.certificate),
    read('key', files.key),
    files.clientAuthorities === undefined ? undefined : read('clientAuthorities', files.clientAuthorities),
  ])
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }
  const leaf = tried('certificate', () => new X509Certificate(cert))
  if (!leaf.checkPrivateKey(tried('key', () => createPrivateKey(key)))) {
    throw new GatewayError('Config', 'listen.tls: the key is not that of the certificate')
  }
  tried('clientAuthorities', () => createSecureContext(context))
  const fingerprint = createHash('sha256')
  for (const part of [cert, key, ca ?? Buffer.alloc(0)]) fingerprint.update(createHash('sha256').update(part).digest())
  return {
    context,
    fingerprint: fingerprint.digest('hex'),
    serialNumber: leaf.serialNumber,
    endsAt: Date.parse(leaf.validTo),
  }
}

async function read(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new GatewayError(
      'Config',
      `listen.tls.${what}: ${file} cannot be read: ${fileFaultText(error)}`,
      {},
      { cause: error },
    )
  }
}

function tried<Value>(what: string, make: () => Value): Value {
  try {
    return make()
  } catch {
    // OpenSSL's own words are of no use to an operator, and the cause could quote what it read.
    throw new GatewayError('Config', `listen.tls.${what}: it is not a usable PEM file`)
  }
}
