import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComparePoliciesResponse__Output } from '#services/wire/generated/sluice/v1/ComparePoliciesResponse'
import type { LadderPolicies__Output } from '#services/wire/generated/sluice/v1/LadderPolicies'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { when } from '../jobs.ts'
import { tableOf, type Terminal } from '#services/cli/output/terminal'
import { fileFaultText } from '#services/platform/process/file-fault'

/** Options of every `policies` command. */
export interface PoliciesOptions extends CommonOptions {
  readonly ladder?: string
}

/** `sluice policies list` */
export async function runListPolicies(options: PoliciesOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { ladders } = await gateway.call('ListPolicies', { ladder: options.ladder ?? '' })
  if (terminal.json) terminal.value(ladders)
  else for (const one of ladders) showLadder(one, terminal)
}

/** `sluice policies load <folder>` */
export async function runLoadPolicy(options: PoliciesOptions, terminal: Terminal, folder = ''): Promise<void> {
  const files = filesOf(folder)
  using gateway = await openGateway(options)
  const ladder = await ladderOf(options, gateway)
  const loaded = await gateway.call('LoadPolicy', { ladder, files })
  if (terminal.json) terminal.value(loaded)
  else
    terminal.line(
      `${loaded.version}: ${loaded.models.join(' → ')}, fitted on ${loaded.rows} rows; it has no role yet: \`policies shadow\` or \`policies activate\` gives it one`,
    )
}

/** `sluice policies compare` */
export async function runComparePolicies(options: PoliciesOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { ladders } = await gateway.call('ListPolicies', { ladder: options.ladder ?? '' })
  const shadowed = ladders.filter(one => one.shadow !== '')
  const compared = await Promise.all(
    shadowed.map(async ({ ladder }) => ({ ladder, ...(await gateway.call('ComparePolicies', { ladder })) })),
  )
  if (terminal.json) terminal.value(compared)
  else if (compared.length === 0) {
    terminal.line(`no policy is in shadow on ${ladders.map(({ ladder }) => ladder).join(', ') || 'any ladder'}`)
  } else for (const one of compared) showComparison(one, terminal)
}

/** `sluice policies activate [version]` */
export function runActivatePolicy(options: PoliciesOptions, terminal: Terminal, version = ''): Promise<void> {
  return giveRole('POLICY_ROLE_ACTIVE', options, terminal, version)
}

/** `sluice policies shadow [version]` */
export function runShadowPolicy(options: PoliciesOptions, terminal: Terminal, version = ''): Promise<void> {
  return giveRole('POLICY_ROLE_SHADOW', options, terminal, version)
}

async function giveRole(
  role: 'POLICY_ROLE_ACTIVE' | 'POLICY_ROLE_SHADOW',
  options: PoliciesOptions,
  terminal: Terminal,
  version: string,
): Promise<void> {
  using gateway = await openGateway(options)
  const ladder = await ladderOf(options, gateway)
  const { policies } = await gateway.call('ActivatePolicy', { ladder, version, role })
  if (terminal.json) terminal.value(policies)
  else if (policies !== null) showLadder(policies, terminal)
}

async function ladderOf({ ladder }: PoliciesOptions, gateway: GatewayCaller): Promise<string> {
  if (ladder !== undefined) return ladder
  const { ladders } = await gateway.call('ListPolicies', {})
  throw new CommandFault(`--ladder is required: one of ${ladders.map(one => one.ladder).join(', ')}`)
}

function filesOf(folder: string): Record<string, Buffer> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())
    return Object.fromEntries(entries.map(({ name }) => [name, readFileSync(join(folder, name))]))
  } catch (error) {
    throw new CommandFault(`${folder}: it cannot be read: ${fileFaultText(error)}`, { cause: error })
  }
}

function showLadder(
  { ladder, configured, active, shadow, versions }: LadderPolicies__Output,
  terminal: Terminal,
): void {
  terminal.line(terminal.paint('bold', ladder))
  const roles = (version: string): string =>
    [version === active ? 'active' : '', version === shadow ? 'shadow' : '', version === configured ? 'configured' : '']
      .filter(role => role !== '')
      .join(', ')
  const kept = versions.map(({ version, loadedAt }) => ({ version, loaded: when(loadedAt) }))
  const others = [...new Set([configured, active])].filter(one => one !== '' && !kept.some(v => v.version === one))
  const rows = [...others.map(version => ({ version, loaded: '' })), ...kept]
  terminal.line(
    tableOf<(typeof rows)[number]>(
      [
        { title: 'version', cell: row => row.version },
        { title: 'role', cell: row => roles(row.version) },
        { title: 'loaded', cell: row => row.loaded },
      ],
      rows,
      terminal,
    ),
  )
}

function showComparison(
  compared: ComparePoliciesResponse__Output & { readonly ladder: string },
  terminal: Terminal,
): void {
  terminal.line(terminal.paint('bold', compared.ladder))
  const { active, shadow, requests } = compared
  const share = (count: number): string => `${((100 * count) / Math.max(1, requests)).toFixed(1)} %`
  const cost = (nanoUsd: number): string => `$${(nanoUsd / 1e9 / Math.max(1, requests)).toPrecision(3)} a request`
  terminal.line(`${active} is active, ${shadow} in shadow: ${requests} requests`)
  terminal.line(
    `the shadow answers from the same rung ${share(compared.same)}, from a more expensive one ${share(compared.escalatesMore)}, from a cheaper one ${share(compared.stopsSooner)}`,
  )
  terminal.line(`escalations: active ${share(compared.activeCascades)}, shadow ${share(compared.shadowCascades)}`)
  terminal.line(`cost: active ${cost(compared.activeCostNanoUsd)}, shadow ${cost(compared.shadowCostNanoUsd)}`)
  if (compared.openEnded > 0) {
    terminal.line(
      `in ${share(compared.openEnded)} the shadow asked for a rung that was not called: its cost there is predicted`,
    )
  }
}
