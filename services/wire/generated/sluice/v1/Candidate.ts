// Original file: proto/sluice/v1/gateway.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { Long } from '@grpc/proto-loader';

export interface Candidate {
  'model'?: (string);
  'tier'?: (string);
  'predictedQuality'?: (number | string);
  'predictedCostNanoUsd'?: (number | string | Long);
  'predictedLatency'?: (_google_protobuf_Duration | null);
  'predictedWait'?: (_google_protobuf_Duration | null);
  /**
   * Name of the filter that removed it; empty when it stayed.
   */
  'removedBy'?: (string);
  'removedWhy'?: (string);
}

export interface Candidate__Output {
  'model': (string);
  'tier': (string);
  'predictedQuality': (number);
  'predictedCostNanoUsd': (number);
  'predictedLatency': (_google_protobuf_Duration__Output | null);
  'predictedWait': (_google_protobuf_Duration__Output | null);
  /**
   * Name of the filter that removed it; empty when it stayed.
   */
  'removedBy': (string);
  'removedWhy': (string);
}
