// Original file: proto/sluice/v1/gateway.proto

import type { Decision as _sluice_v1_Decision, Decision__Output as _sluice_v1_Decision__Output } from '../../sluice/v1/Decision.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExplainResponse {
  'decision'?: (_sluice_v1_Decision | null);
  /**
   * What the first step would be.
   */
  'firstStep'?: (string);
  'reason'?: (string);
  /**
   * What is reserved before work: the dearest path that the ladder may take.
   */
  'reserveNanoUsd'?: (number | string | Long);
}

export interface ExplainResponse__Output {
  'decision': (_sluice_v1_Decision__Output | null);
  /**
   * What the first step would be.
   */
  'firstStep': (string);
  'reason': (string);
  /**
   * What is reserved before work: the dearest path that the ladder may take.
   */
  'reserveNanoUsd': (number);
}
