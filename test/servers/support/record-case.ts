import { callBackend, type Called } from '../../support/wire/call-backend.ts'
import { seenOutcome, writeFixture, type Exchange, type RecordedWork } from '../../support/wire/fixture.ts'
import { serversFolder } from './install.ts'
import type { RecordingProxy } from './recording-proxy.ts'

/** Whose wire is recorded. */
export interface Recorded {
  readonly server: string
  readonly version: string
  readonly proxy: RecordingProxy
}

/** Calls a real server through its backend, and writes down what went over the wire and what was made of it. */
export async function recordCase(
  { server, version, proxy }: Recorded,
  name: string,
  backend: { readonly kind: string; readonly [field: string]: unknown },
  work: RecordedWork,
): Promise<Called> {
  proxy.take()
  const called = await callBackend({ ...backend, baseUrl: addressFor(backend.kind, proxy.address) }, work)
  // Where a server is installed is nobody's business.
  const exchanges = JSON.parse(JSON.stringify(proxy.take()).replaceAll(serversFolder, '/servers')) as Exchange[]
  writeFixture({
    server,
    version,
    case: name,
    backend,
    work,
    exchanges,
    // The address is another one each time.
    outcome: withoutAddress(seenOutcome(called.outcome, called.oddities), proxy.address),
  })
  return called
}

/** Where a backend of a kind finds a server. */
function addressFor(kind: string, address: string): string {
  return kind === 'oip' ? `grpc://${address}` : `http://${address}/v1`
}

function withoutAddress<Value>(value: Value, address: string): Value {
  return JSON.parse(JSON.stringify(value).replaceAll(address, 'HOST')) as Value
}
