// Original file: proto/sluice/v1/admin.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface CreateKeyRequest {
  /**
   * Empty means that one is made up.
   */
  'id'?: (string);
  'tenant'?: (string);
  'scopes'?: (string)[];
  /**
   * At most 256 characters, for operators to read.
   */
  'note'?: (string);
  /**
   * Absent means that it does not end by itself.
   */
  'expiresAt'?: (_google_protobuf_Timestamp | null);
}

export interface CreateKeyRequest__Output {
  /**
   * Empty means that one is made up.
   */
  'id': (string);
  'tenant': (string);
  'scopes': (string)[];
  /**
   * At most 256 characters, for operators to read.
   */
  'note': (string);
  /**
   * Absent means that it does not end by itself.
   */
  'expiresAt': (_google_protobuf_Timestamp__Output | null);
}
