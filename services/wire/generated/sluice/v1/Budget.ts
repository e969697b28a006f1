// Original file: proto/sluice/v1/gateway.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface Budget {
  /**
   * request, tenant:day, tenant:month; for operators also pool:<pool>:day, deployment:day, …
   */
  'scope'?: (string);
  /**
   * Absent means unlimited.
   */
  'limitNanoUsd'?: (number | string | Long);
  'reservedNanoUsd'?: (number | string | Long);
  'spentNanoUsd'?: (number | string | Long);
  'remainingNanoUsd'?: (number | string | Long);
  'resetsAt'?: (_google_protobuf_Timestamp | null);
  /**
   * The limit is watched, not enforced.
   */
  'shadow'?: (boolean);
  /**
   * What attempts cost that lost their work to another; paid by the deployment.
   */
  'lostNanoUsd'?: (number | string | Long);
  /**
   * What was used beyond what was held; paid by the deployment.
   */
  'overrunNanoUsd'?: (number | string | Long);
  '_limitNanoUsd'?: "limitNanoUsd";
  '_remainingNanoUsd'?: "remainingNanoUsd";
}

export interface Budget__Output {
  /**
   * request, tenant:day, tenant:month; for operators also pool:<pool>:day, deployment:day, …
   */
  'scope': (string);
  /**
   * Absent means unlimited.
   */
  'limitNanoUsd'?: (number);
  'reservedNanoUsd': (number);
  'spentNanoUsd': (number);
  'remainingNanoUsd'?: (number);
  'resetsAt': (_google_protobuf_Timestamp__Output | null);
  /**
   * The limit is watched, not enforced.
   */
  'shadow': (boolean);
  /**
   * What attempts cost that lost their work to another; paid by the deployment.
   */
  'lostNanoUsd': (number);
  /**
   * What was used beyond what was held; paid by the deployment.
   */
  'overrunNanoUsd': (number);
  '_limitNanoUsd'?: "limitNanoUsd";
  '_remainingNanoUsd'?: "remainingNanoUsd";
}
