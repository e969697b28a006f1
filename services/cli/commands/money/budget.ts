import { formatNanoUsd } from '#services/contract/money'
import type { Budget__Output } from '#services/wire/generated/sluice/v1/Budget'
import type { RateLimit__Output } from '#services/wire/generated/sluice/v1/RateLimit'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { when } from '../jobs.ts'
import { tableOf, type Terminal } from '#services/cli/output/terminal'
import { dash } from '#services/cli/output/show-answer'

/** `sluice budget` */
export async function runBudget(options: CommonOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { budgets, rateLimits, restoreNeeded } = await gateway.call('GetBudget', {})
  if (terminal.json) {
    terminal.value({ budgets, rateLimits, restoreNeeded })
    return
  }
  if (restoreNeeded) terminal.line('the ledger has lost its data; `sluice budget restore` opens it again')
  const table = tableOf<Budget__Output>(
    [
      { title: 'scope', cell: budget => nameOf(budget) },
      { title: 'limit', align: 'right', cell: budget => amount(budget.limitNanoUsd) },
      { title: 'reserved', align: 'right', cell: budget => amount(budget.reservedNanoUsd) },
      { title: 'spent', align: 'right', cell: budget => amount(budget.spentNanoUsd) },
      { title: 'left', align: 'right', cell: budget => amount(budget.remainingNanoUsd) },
      { title: 'lost', align: 'right', cell: budget => amount(budget.lostNanoUsd + budget.overrunNanoUsd) },
      { title: 'resets', cell: budget => when(budget.resetsAt) },
    ],
    budgets,
    terminal,
  )
  terminal.line(table)
  if (rateLimits.length === 0) return
  terminal.line('')
  terminal.line(
    tableOf<RateLimit__Output>(
      [
        { title: 'rate', cell: rate => nameOf(rate) },
        { title: 'a minute', align: 'right', cell: rate => String(rate.perMinute) },
        { title: 'at once', align: 'right', cell: rate => String(rate.burst) },
        { title: 'left now', align: 'right', cell: rate => String(rate.remaining) },
      ],
      rateLimits,
      terminal,
    ),
  )
}

/** Options of `budget restore`. */
export interface RestoreOptions extends CommonOptions {
  readonly fromNothing?: boolean
}

/** `sluice budget restore` */
export async function runRestore(options: RestoreOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { counters } = await gateway.call('RestoreLedger', { fromNothing: options.fromNothing === true })
  if (terminal.json) {
    terminal.value({ counters })
    return
  }
  terminal.line(`the ledger is open again; ${counters.length} counters were put back`)
  for (const { counter, spentNanoUsd } of counters) terminal.line(`  ${counter}  ${formatNanoUsd(spentNanoUsd)}`)
}

function nameOf({ scope, shadow }: { readonly scope: string; readonly shadow: boolean }): string {
  return shadow ? `${scope} (shadow)` : scope
}

function amount(nanoUsd: number | undefined): string {
  return nanoUsd === undefined ? dash : formatNanoUsd(nanoUsd)
}
