import { Client, credentials, Metadata, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js'
import { defaults, type ClientOptions, type TlsOptions } from './client-options.ts'

/** Opens a channel to every address of the gateway's name; calls go to them in turn. It connects at the first call. */
export function openChannel({ address = defaults.address, tls, mostMessageBytes }: ClientOptions): Client {
  const settings = tls === undefined || tls === false ? undefined : tls === true ? {} : tls
  return new Client(address, credentialsOf(settings), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    // The addresses alone are asked of DNS, and no TXT record for a configuration.
    'grpc.service_config_disable_resolution': 1,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5000,
    'grpc.max_receive_message_length': mostMessageBytes ?? defaults.mostMessageBytes,
    'grpc.max_send_message_length': -1,
    ...nameOptions(settings),
  })
}

function credentialsOf(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.certificate))
}

function pem(text: string | Buffer | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text)
}

function nameOptions(tls: TlsOptions | undefined): ChannelOptions {
  const name = tls?.serverName
  return name === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }
}

/** Headers of one call: its own, and the credential. */
export async function metadataOf(
  apiKey: ClientOptions['apiKey'],
  given: Readonly<Record<string, string>> = {},
): Promise<Metadata> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(given)) metadata.set(name, value)
  const key = typeof apiKey === 'function' ? await apiKey() : apiKey
  if (key !== undefined && key !== '') metadata.set('authorization', `Bearer ${key}`)
  return metadata
}
