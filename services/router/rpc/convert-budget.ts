import { timestampToWire } from '../../shared/rpc/convert/time.ts'
import type { Budget } from '../../shared/rpc/generated/sluice/v1/Budget.ts'
import type { GetBudgetResponse } from '../../shared/rpc/generated/sluice/v1/GetBudgetResponse.ts'
import { remainingOf, type Balance } from '../ledger/ledger.ts'
import type { BudgetView } from '../ledger/read-budget.ts'

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
