// Original file: proto/sluice/v1/content.proto

import type { Verdict as _sluice_v1_Verdict, Verdict__Output as _sluice_v1_Verdict__Output } from '../../sluice/v1/Verdict.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { Usage as _sluice_v1_Usage, Usage__Output as _sluice_v1_Usage__Output } from '../../sluice/v1/Usage.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * One rung tried, or passed over.
 */
export interface RungReport {
  'model'?: (string);
  'tier'?: (string);
  'verdict'?: (_sluice_v1_Verdict);
  'reason'?: (string);
  /**
   * Calibrated probability that the rung's answer is right; absent when it gave none.
   */
  'confidence'?: (number | string);
  'costNanoUsd'?: (number | string | Long);
  'latency'?: (_google_protobuf_Duration | null);
  'usage'?: (_sluice_v1_Usage | null);
  '_confidence'?: "confidence";
}

/**
 * One rung tried, or passed over.
 */
export interface RungReport__Output {
  'model': (string);
  'tier': (string);
  'verdict': (_sluice_v1_Verdict__Output);
  'reason': (string);
  /**
   * Calibrated probability that the rung's answer is right; absent when it gave none.
   */
  'confidence'?: (number);
  'costNanoUsd': (number);
  'latency': (_google_protobuf_Duration__Output | null);
  'usage': (_sluice_v1_Usage__Output | null);
  '_confidence'?: "confidence";
}
