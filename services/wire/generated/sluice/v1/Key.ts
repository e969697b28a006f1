// Original file: proto/sluice/v1/admin.proto

import type { KeySource as _sluice_v1_KeySource, KeySource__Output as _sluice_v1_KeySource__Output } from '../../sluice/v1/KeySource.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface Key {
  'id'?: (string);
  'tenant'?: (string);
  /**
   * `infer`, `admin`.
   */
  'scopes'?: (string)[];
  'note'?: (string);
  'source'?: (_sluice_v1_KeySource);
  'createdAt'?: (_google_protobuf_Timestamp | null);
  'expiresAt'?: (_google_protobuf_Timestamp | null);
  'revokedAt'?: (_google_protobuf_Timestamp | null);
  /**
   * Until when the secret before the last rotation is taken; absent when there is none.
   */
  'previousEndsAt'?: (_google_protobuf_Timestamp | null);
}

export interface Key__Output {
  'id': (string);
  'tenant': (string);
  /**
   * `infer`, `admin`.
   */
  'scopes': (string)[];
  'note': (string);
  'source': (_sluice_v1_KeySource__Output);
  'createdAt': (_google_protobuf_Timestamp__Output | null);
  'expiresAt': (_google_protobuf_Timestamp__Output | null);
  'revokedAt': (_google_protobuf_Timestamp__Output | null);
  /**
   * Until when the secret before the last rotation is taken; absent when there is none.
   */
  'previousEndsAt': (_google_protobuf_Timestamp__Output | null);
}
