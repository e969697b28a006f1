// Original file: proto/sluice/v1/gateway.proto

import type { Budget as _sluice_v1_Budget, Budget__Output as _sluice_v1_Budget__Output } from '../../sluice/v1/Budget.ts';

export interface GetBudgetResponse {
  'budgets'?: (_sluice_v1_Budget)[];
}

export interface GetBudgetResponse__Output {
  'budgets': (_sluice_v1_Budget__Output)[];
}
