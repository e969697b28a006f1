// Original file: proto/sluice/v1/admin.proto

import type { Key as _sluice_v1_Key, Key__Output as _sluice_v1_Key__Output } from '../../sluice/v1/Key.ts';

export interface CreateKeyResponse {
  'key'?: (_sluice_v1_Key | null);
  /**
   * The credential: `authorization: Bearer <secret>`.
   */
  'secret'?: (string);
}

export interface CreateKeyResponse__Output {
  'key': (_sluice_v1_Key__Output | null);
  /**
   * The credential: `authorization: Bearer <secret>`.
   */
  'secret': (string);
}
