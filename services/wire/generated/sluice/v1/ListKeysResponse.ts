// Original file: proto/sluice/v1/admin.proto

import type { Key as _sluice_v1_Key, Key__Output as _sluice_v1_Key__Output } from '../../sluice/v1/Key.ts';

export interface ListKeysResponse {
  'keys'?: (_sluice_v1_Key)[];
}

export interface ListKeysResponse__Output {
  'keys': (_sluice_v1_Key__Output)[];
}
