import { timestampToWire } from '#services/wire/convert/time'
import type { Budget } from '#services/wire/generated/sluice/v1/Budget'
import type { GetBudgetResponse } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import { remainingOf, type Balance } from '#services/state/ledger/ledger'
import type { BudgetView } from '#services/router/ledger/read-budget'

/** Budgets and rates as callers see them; what one request may cost comes last, since it holds nothing. */
export function budgetToWire({ request, balances, rates, isOpen }: BudgetView): GetBudgetResponse {
  const ofRequest: Budget[] =
    request === undefined
      ? []
      : [
          {
            scope: 'request',
            limitNanoUsd: request.nanoUsd,
            remainingNanoUsd: request.nanoUsd,
            shadow: request.shadow,
          },
        ]
  return {
    budgets: [...balances.map(balanceToWire), ...ofRequest],
    rateLimits: rates.map(({ name, perMinute, burst, remaining, shadow }) => ({
      scope: name,
      perMinute,
      burst,
      remaining,
      shadow,
    })),
    restoreNeeded: !isOpen,
  }
}

function balanceToWire(balance: Balance): Budget {
  const { scope, reservedNanoUsd, spentNanoUsd, lostNanoUsd, overrunNanoUsd } = balance
  const remainingNanoUsd = remainingOf(balance)
  return {
    scope: scope.name,
    reservedNanoUsd,
    spentNanoUsd,
    lostNanoUsd,
    overrunNanoUsd,
    shadow: scope.shadow,
    resetsAt: timestampToWire(scope.resetsAt),
    ...(scope.limitNanoUsd === undefined || remainingNanoUsd === undefined
      ? {}
      : { limitNanoUsd: scope.limitNanoUsd, remainingNanoUsd }),
  }
}
