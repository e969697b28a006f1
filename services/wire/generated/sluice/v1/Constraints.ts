// Original file: proto/sluice/v1/gateway.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { Priority as _sluice_v1_Priority, Priority__Output as _sluice_v1_Priority__Output } from '../../sluice/v1/Priority.ts';
import type { Long } from '@grpc/proto-loader';

export interface Constraints {
  /**
   * Time from arrival to answer; the gRPC deadline holds too, the tighter wins. With an idempotency key the gRPC
   * deadline ends the call alone.
   */
  'deadline'?: (_google_protobuf_Duration | null);
  /**
   * Highest cost of the whole request; absent means the deployment's.
   */
  'maxCostNanoUsd'?: (number | string | Long);
  /**
   * Highest risk in [0,1] that the answer is wrong where the dearest model's is right.
   */
  'maxRisk'?: (number | string);
  /**
   * Least calibrated confidence in [0,1] to accept a rung.
   */
  'minQuality'?: (number | string);
  /**
   * Only this model (a rung by name).
   */
  'model'?: (string);
  /**
   * Only this tier.
   */
  'tier'?: (string);
  /**
   * Adapter (LoRA) by name.
   */
  'adapter'?: (string);
  'priority'?: (_sluice_v1_Priority);
  /**
   * Only this ladder, by its name in the configuration.
   */
  'ladder'?: (string);
  '_maxCostNanoUsd'?: "maxCostNanoUsd";
  'quality'?: "maxRisk"|"minQuality";
}

export interface Constraints__Output {
  /**
   * Time from arrival to answer; the gRPC deadline holds too, the tighter wins. With an idempotency key the gRPC
   * deadline ends the call alone.
   */
  'deadline': (_google_protobuf_Duration__Output | null);
  /**
   * Highest cost of the whole request; absent means the deployment's.
   */
  'maxCostNanoUsd'?: (number);
  /**
   * Highest risk in [0,1] that the answer is wrong where the dearest model's is right.
   */
  'maxRisk'?: (number);
  /**
   * Least calibrated confidence in [0,1] to accept a rung.
   */
  'minQuality'?: (number);
  /**
   * Only this model (a rung by name).
   */
  'model': (string);
  /**
   * Only this tier.
   */
  'tier': (string);
  /**
   * Adapter (LoRA) by name.
   */
  'adapter': (string);
  'priority': (_sluice_v1_Priority__Output);
  /**
   * Only this ladder, by its name in the configuration.
   */
  'ladder': (string);
  '_maxCostNanoUsd'?: "maxCostNanoUsd";
  'quality'?: "maxRisk"|"minQuality";
}
