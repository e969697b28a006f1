// Original file: proto/sluice/v1/admin.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

export interface RotateKeyRequest {
  'id'?: (string);
  /**
   * How long the secret before is still taken; absent means a day, zero not at all.
   */
  'overlap'?: (_google_protobuf_Duration | null);
}

export interface RotateKeyRequest__Output {
  'id': (string);
  /**
   * How long the secret before is still taken; absent means a day, zero not at all.
   */
  'overlap': (_google_protobuf_Duration__Output | null);
}
