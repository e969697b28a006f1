import { credentials, type ChannelCredentials } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { readClientEnvironment } from '#services/config/load-config'
import type { CommonOptions } from './common-options.ts'
import { CommandFault } from './failure.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** How a command meets a gateway. */
export interface CallerSettings {
  readonly apiKey: string | undefined
  readonly tls: boolean
  readonly tlsCa: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsName: string | undefined
}

/** The settings of the options, else of the environment. */
export function callerOf(options: CommonOptions): CallerSettings {
  const environment = readClientEnvironment()
  const tlsCa = options.tlsCa ?? environment.tlsCa
  const tlsCert = options.tlsCert ?? environment.tlsCert
  return {
    apiKey: options.key ?? environment.apiKey,
    tls: options.tls === true || environment.tls || tlsCa !== undefined || tlsCert !== undefined,
    tlsCa,
    tlsCert,
    tlsKey: options.tlsKey ?? environment.tlsKey,
    tlsName: options.tlsName ?? environment.tlsName,
  }
}

/** The channel's credentials. @throws CommandFault when a file is missing or they do not go together */
export function credentialsOf({ tls, tlsCa, tlsCert, tlsKey }: CallerSettings): ChannelCredentials {
  if (!tls) return credentials.createInsecure()
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CommandFault('a certificate and its key go together: give --tls-cert and --tls-key')
  }
  return credentials.createSsl(read(tlsCa), read(tlsKey), read(tlsCert))
}

function read(file: string | undefined): Buffer | null {
  if (file === undefined) return null
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CommandFault(`${file}: it cannot be read: ${fileFaultText(error)}`, { cause: error })
  }
}
