import type { Key__Output } from '#services/wire/generated/sluice/v1/Key'
import { createApiKey, createKeyId } from '#services/state/api-keys/api-key'
import { durationToWire, timestampToWire } from '#services/wire/convert/time'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { when } from '../jobs.ts'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

/** Options of `keys create`. */
export interface CreateKeyOptions extends CommonOptions {
  readonly tenant: string
  readonly id?: string
  readonly scope: readonly string[]
  readonly note?: string
  readonly expiresIn?: string
  readonly local?: boolean
}

/** `sluice keys create` */
export async function runCreateKey(options: CreateKeyOptions, terminal: Terminal): Promise<void> {
  if (options.local === true) {
    makeLocally(options, terminal)
    return
  }
  const { tenant, id = '', scope: scopes, note = '', expiresIn } = options
  using gateway = await openGateway(options)
  const expiresAt = expiresIn === undefined ? null : timestampToWire(Date.now() + readSpan(expiresIn, '--expires-in'))
  const { key, secret } = await gateway.call('CreateKey', { id, tenant, scopes: [...scopes], note, expiresAt })
  showIssued(key, secret, terminal)
}

/** For the first key of a deployment: nothing runs yet that could be asked for one. */
function makeLocally({ tenant, id = createKeyId(), scope: scopes }: CreateKeyOptions, terminal: Terminal): void {
  const { text, sha256 } = createApiKey(id)
  if (terminal.json) {
    terminal.value({ entry: { id, sha256, tenant, scopes }, secret: text })
    return
  }
  terminal.note('the line for auth.keys of the configuration:')
  terminal.line(`{ id: ${id}, sha256: ${sha256}, tenant: ${tenant}, scopes: [${scopes.join(', ')}] }`)
  terminal.note('the key itself, which is shown this once:')
  terminal.line(text)
}

/** Options of `keys list`. */
export interface ListKeysOptions extends CommonOptions {
  readonly tenant?: string
}

/** `sluice keys list` */
export async function runListKeys(options: ListKeysOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { keys } = await gateway.call('ListKeys', { tenant: options.tenant ?? '' })
  if (terminal.json) terminal.value(keys)
  else if (keys.length === 0) terminal.line('no keys')
  else terminal.line(tableOfKeys(keys, terminal))
}

/** Options of `keys rotate`. */
export interface RotateKeyOptions extends CommonOptions {
  readonly overlap: string
}

/** `sluice keys rotate <id>` */
export async function runRotateKey(options: RotateKeyOptions, terminal: Terminal, id = ''): Promise<void> {
  const overlap = durationToWire(readSpan(options.overlap, '--overlap'))
  using gateway = await openGateway(options)
  const { key, secret } = await gateway.call('RotateKey', { id, overlap })
  showIssued(key, secret, terminal)
}

/** `sluice keys revoke <id>` */
export async function runRevokeKey(options: CommonOptions, terminal: Terminal, id = ''): Promise<void> {
  using gateway = await openGateway(options)
  const { key } = await gateway.call('RevokeKey', { id })
  if (terminal.json) terminal.value(key)
  else terminal.line(`${id} is revoked`)
}

/** The key alone goes to standard output, so that it can be piped into a secret store. */
function showIssued(key: Key__Output | null, secret: string, terminal: Terminal): void {
  if (terminal.json) {
    terminal.value({ key, secret })
    return
  }
  if (key !== null) terminal.note(tableOfKeys([key], terminal))
  terminal.note('the key itself, which is shown this once:')
  terminal.line(secret)
}

function tableOfKeys(keys: readonly Key__Output[], terminal: Terminal): string {
  return tableOf<Key__Output>(
    [
      { title: 'id', cell: key => key.id },
      { title: 'tenant', cell: key => key.tenant },
      { title: 'scopes', cell: key => key.scopes.join(' ') },
      { title: 'from', cell: key => (key.source === 'KEY_SOURCE_CONFIGURATION' ? 'configuration' : 'store') },
      { title: 'created', cell: key => when(key.createdAt) },
      { title: 'expires', cell: key => when(key.expiresAt) },
      { title: 'revoked', cell: key => when(key.revokedAt), style: key => (key.revokedAt ? 'red' : undefined) },
      { title: 'old secret until', cell: key => when(key.previousEndsAt) },
      { title: 'note', cell: key => key.note, shrinks: true },
    ],
    keys,
    terminal,
  )
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A span such as `90d`, `24h`, `30m` or `0s`, in ms. @throws CommandFault */
function readSpan(text: string, flag: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd])$/u.exec(text) ?? []
  const ms = unitMs[unit]
  if (ms === undefined) throw new CommandFault(`${flag}: expected a span such as 90d, 24h, 30m or 0s`)
  return Number(amount) * ms
}
