import { ServerCredentials } from '@grpc/grpc-js'
import type { SecureContextOptions } from 'node:tls'
import type { Logger } from 'pino'
import { every, type Loop } from '#services/platform/process/every'
import { loadCertificates, type CertificateFiles, type LoadedCertificates } from './certificate-files.ts'

/** How a port is encrypted. */
export interface TlsOptions {
  readonly files: CertificateFiles
  readonly reloadMs: number
}

/** Credentials of a port that follow their files. */
export interface RotatingCredentials extends Loop {
  readonly credentials: ServerCredentials
  /** The certificate that new connections are shown. */
  readonly current: () => LoadedCertificates
  /** Called for every new certificate, for ports of other libraries. */
  readonly onChanged: (listener: (context: SecureContextOptions) => void) => void
}

/**
 * Credentials whose secure context can be replaced while connections are open: new handshakes get the new one, what
 * is connected stays. A subclass, since grpc-js tells its servers of a new context only from within.
 */
class ReplaceableCredentials extends ServerCredentials {
  constructor(isMutual: boolean, context: SecureContextOptions) {
    super({ requestCert: isMutual, rejectUnauthorized: isMutual }, context)
  }

  replace(context: SecureContextOptions): void {
    this.updateSecureContextOptions(context)
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

/**
 * Loads the files, and again whenever they change. What does not go together is not taken: the last good
 * certificate stays.
 * @throws GatewayError Config when they cannot be used at the start
 */
export async function createRotatingCredentials(
  { files, reloadMs }: TlsOptions,
  logger: Logger,
): Promise<RotatingCredentials> {
  let current = await loadCertificates(files)
  const credentials = new ReplaceableCredentials(files.clientAuthorities !== undefined, current.context)
  const listeners: ((context: SecureContextOptions) => void)[] = []
  let complaint = ''
  const reload = async (): Promise<void> => {
    const loaded = await loadCertificates(files)
    complaint = ''
    if (loaded.fingerprint === current.fingerprint) return
    current = loaded
    credentials.replace(loaded.context)
    for (const listener of listeners) listener(loaded.context)
    const { serialNumber, endsAt } = loaded
    logger.info({ serialNumber, endsAt: new Date(endsAt).toISOString() }, 'the certificate was changed')
  }
  const loop = every(reloadMs, reload, error => {
    const text = error instanceof Error ? error.message : 'unknown'
    // A lasting fault is logged once, not at every check.
    if (text !== complaint)
      logger.warn({ reason: text }, 'the new certificate was rejected; the previous one stays in use')
    complaint = text
  })
  const onChanged = (listener: (context: SecureContextOptions) => void): void => void listeners.push(listener)
  return { credentials, current: () => current, onChanged, stop: loop.stop }
}
