// Original file: proto/sluice/v1/gateway.proto

import type { Output as _sluice_v1_Output, Output__Output as _sluice_v1_Output__Output } from '../../sluice/v1/Output.ts';
import type { RungReport as _sluice_v1_RungReport, RungReport__Output as _sluice_v1_RungReport__Output } from '../../sluice/v1/RungReport.ts';
import type { Usage as _sluice_v1_Usage, Usage__Output as _sluice_v1_Usage__Output } from '../../sluice/v1/Usage.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { DegradedReason as _sluice_v1_DegradedReason, DegradedReason__Output as _sluice_v1_DegradedReason__Output } from '../../sluice/v1/DegradedReason.ts';
import type { Long } from '@grpc/proto-loader';

export interface InferResponse {
  'requestId'?: (string);
  'output'?: (_sluice_v1_Output | null);
  'model'?: (string);
  'tier'?: (string);
  'confidence'?: (number | string);
  'rungs'?: (_sluice_v1_RungReport)[];
  'costNanoUsd'?: (number | string | Long);
  'usage'?: (_sluice_v1_Usage | null);
  'latency'?: (_google_protobuf_Duration | null);
  /**
   * Set when budget, time or a failure stopped an escalation that quality asked for.
   */
  'degraded'?: (boolean);
  'degradedReason'?: (_sluice_v1_DegradedReason);
  'policyVersion'?: (string);
  /**
   * The request is unlike those that the policy was fitted on, so confidence is no more than what is known there.
   */
  'outOfDomain'?: (boolean);
}

export interface InferResponse__Output {
  'requestId': (string);
  'output': (_sluice_v1_Output__Output | null);
  'model': (string);
  'tier': (string);
  'confidence': (number);
  'rungs': (_sluice_v1_RungReport__Output)[];
  'costNanoUsd': (number);
  'usage': (_sluice_v1_Usage__Output | null);
  'latency': (_google_protobuf_Duration__Output | null);
  /**
   * Set when budget, time or a failure stopped an escalation that quality asked for.
   */
  'degraded': (boolean);
  'degradedReason': (_sluice_v1_DegradedReason__Output);
  'policyVersion': (string);
  /**
   * The request is unlike those that the policy was fitted on, so confidence is no more than what is known there.
   */
  'outOfDomain': (boolean);
}
