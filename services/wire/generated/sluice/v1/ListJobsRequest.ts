// Original file: proto/sluice/v1/gateway.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface ListJobsRequest {
  /**
   * At most 200; 20 when 0.
   */
  'limit'?: (number);
  /**
   * Only jobs that were submitted before: the last one of a list begins the next.
   */
  'submittedBefore'?: (_google_protobuf_Timestamp | null);
}

export interface ListJobsRequest__Output {
  /**
   * At most 200; 20 when 0.
   */
  'limit': (number);
  /**
   * Only jobs that were submitted before: the last one of a list begins the next.
   */
  'submittedBefore': (_google_protobuf_Timestamp__Output | null);
}
