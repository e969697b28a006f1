import { formatNanoUsd } from '../shared/contract/money.ts'
import type { Budget__Output } from '../shared/rpc/generated/sluice/v1/Budget.ts'
import { openGateway } from './client.ts'
import type { CommonOptions } from './common-options.ts'
import { when } from './jobs.ts'
import { tableOf, type Terminal } from './terminal.ts'

/** `sluice budget` */
export async function runBudget(options: CommonOptions, terminal: Terminal): Promise<void> {
  using gateway = openGateway(options)
  const { budgets } = await gateway.call('GetBudget', {})
  if (terminal.json) {
    terminal.value(budgets)
    return
  }
  const table = tableOf<Budget__Output>(
    [
      { title: 'scope', cell: budget => budget.scope },
      { title: 'limit', align: 'right', cell: budget => amount(budget.limitNanoUsd) },
      { title: 'reserved', align: 'right', cell: budget => amount(budget.reservedNanoUsd) },
      { title: 'spent', align: 'right', cell: budget => amount(budget.spentNanoUsd) },
      { title: 'left', align: 'right', cell: budget => amount(budget.remainingNanoUsd) },
      { title: 'resets', cell: budget => when(budget.resetsAt) },
    ],
    budgets,
    terminal,
  )
  terminal.line(table)
}

function amount(nanoUsd: number | undefined): string {
  return nanoUsd === undefined ? '–' : formatNanoUsd(nanoUsd)
}
