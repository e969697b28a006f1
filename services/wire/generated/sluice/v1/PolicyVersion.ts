// Original file: proto/sluice/v1/admin.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface PolicyVersion {
  'version'?: (string);
  'loadedAt'?: (_google_protobuf_Timestamp | null);
}

export interface PolicyVersion__Output {
  'version': (string);
  'loadedAt': (_google_protobuf_Timestamp__Output | null);
}
