// Original file: proto/sluice/v1/admin.proto

import type { LadderPolicies as _sluice_v1_LadderPolicies, LadderPolicies__Output as _sluice_v1_LadderPolicies__Output } from '../../sluice/v1/LadderPolicies.ts';

export interface ActivatePolicyResponse {
  'policies'?: (_sluice_v1_LadderPolicies | null);
}

export interface ActivatePolicyResponse__Output {
  'policies': (_sluice_v1_LadderPolicies__Output | null);
}
