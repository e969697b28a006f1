// Original file: proto/sluice/v1/gateway.proto

import type { Candidate as _sluice_v1_Candidate, Candidate__Output as _sluice_v1_Candidate__Output } from '../../sluice/v1/Candidate.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { DomainCheck as _sluice_v1_DomainCheck, DomainCheck__Output as _sluice_v1_DomainCheck__Output } from '../../sluice/v1/DomainCheck.ts';

/**
 * What was foreseen, and why.
 */
export interface Decision {
  /**
   * 1 - predicted quality of the cheapest rung, in [0,1].
   */
  'difficulty'?: (number | string);
  'features'?: ({[key: string]: number | string});
  'candidates'?: (_sluice_v1_Candidate)[];
  /**
   * Rungs in the order in which they may be called.
   */
  'ladder'?: (string)[];
  'policyVersion'?: (string);
  /**
   * Why the difficulty is a default, when it is: timeout, error, no-estimator.
   */
  'fallback'?: (string);
  'decidedIn'?: (_google_protobuf_Duration | null);
  /**
   * Absent where the policy does not know what its rows looked like.
   */
  'domain'?: (_sluice_v1_DomainCheck | null);
}

/**
 * What was foreseen, and why.
 */
export interface Decision__Output {
  /**
   * 1 - predicted quality of the cheapest rung, in [0,1].
   */
  'difficulty': (number);
  'features': ({[key: string]: number});
  'candidates': (_sluice_v1_Candidate__Output)[];
  /**
   * Rungs in the order in which they may be called.
   */
  'ladder': (string)[];
  'policyVersion': (string);
  /**
   * Why the difficulty is a default, when it is: timeout, error, no-estimator.
   */
  'fallback': (string);
  'decidedIn': (_google_protobuf_Duration__Output | null);
  /**
   * Absent where the policy does not know what its rows looked like.
   */
  'domain': (_sluice_v1_DomainCheck__Output | null);
}
