// Original file: proto/sluice/v1/admin.proto

import type { PolicyVersion as _sluice_v1_PolicyVersion, PolicyVersion__Output as _sluice_v1_PolicyVersion__Output } from '../../sluice/v1/PolicyVersion.ts';

export interface LadderPolicies {
  'ladder'?: (string);
  /**
   * The version that the configuration names; empty when it names none.
   */
  'configured'?: (string);
  /**
   * The version that decides.
   */
  'active'?: (string);
  /**
   * The version that decides in thought; empty when none does.
   */
  'shadow'?: (string);
  'versions'?: (_sluice_v1_PolicyVersion)[];
}

export interface LadderPolicies__Output {
  'ladder': (string);
  /**
   * The version that the configuration names; empty when it names none.
   */
  'configured': (string);
  /**
   * The version that decides.
   */
  'active': (string);
  /**
   * The version that decides in thought; empty when none does.
   */
  'shadow': (string);
  'versions': (_sluice_v1_PolicyVersion__Output)[];
}
