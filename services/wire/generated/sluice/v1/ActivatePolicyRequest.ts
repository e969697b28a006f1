// Original file: proto/sluice/v1/admin.proto

import type { PolicyRole as _sluice_v1_PolicyRole, PolicyRole__Output as _sluice_v1_PolicyRole__Output } from '../../sluice/v1/PolicyRole.ts';

export interface ActivatePolicyRequest {
  'ladder'?: (string);
  /**
   * Empty takes the role back: the configured policy decides again, or none is in shadow.
   */
  'version'?: (string);
  'role'?: (_sluice_v1_PolicyRole);
}

export interface ActivatePolicyRequest__Output {
  'ladder': (string);
  /**
   * Empty takes the role back: the configured policy decides again, or none is in shadow.
   */
  'version': (string);
  'role': (_sluice_v1_PolicyRole__Output);
}
