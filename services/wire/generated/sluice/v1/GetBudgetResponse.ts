// Original file: proto/sluice/v1/gateway.proto

import type { Budget as _sluice_v1_Budget, Budget__Output as _sluice_v1_Budget__Output } from '../../sluice/v1/Budget.ts';
import type { RateLimit as _sluice_v1_RateLimit, RateLimit__Output as _sluice_v1_RateLimit__Output } from '../../sluice/v1/RateLimit.ts';

export interface GetBudgetResponse {
  'budgets'?: (_sluice_v1_Budget)[];
  'rateLimits'?: (_sluice_v1_RateLimit)[];
  /**
   * The ledger has lost its data: what is limited is refused until an operator restores it.
   */
  'restoreNeeded'?: (boolean);
}

export interface GetBudgetResponse__Output {
  'budgets': (_sluice_v1_Budget__Output)[];
  'rateLimits': (_sluice_v1_RateLimit__Output)[];
  /**
   * The ledger has lost its data: what is limited is refused until an operator restores it.
   */
  'restoreNeeded': (boolean);
}
