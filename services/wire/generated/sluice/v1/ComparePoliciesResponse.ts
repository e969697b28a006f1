// Original file: proto/sluice/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface ComparePoliciesResponse {
  'active'?: (string);
  'shadow'?: (string);
  /**
   * Requests that both decided on, over all routers.
   */
  'requests'?: (number | string | Long);
  /**
   * Answers from the same rung.
   */
  'same'?: (number | string | Long);
  /**
   * The shadow would have answered from a dearer rung.
   */
  'climbsMore'?: (number | string | Long);
  /**
   * The shadow would have answered from a cheaper rung.
   */
  'stopsSooner'?: (number | string | Long);
  /**
   * The shadow wanted a rung that was not called: its cost is that of one such call, and what it would have done then is not known.
   */
  'openEnded'?: (number | string | Long);
  /**
   * Requests on which more than the cheapest rung was called.
   */
  'activeClimbs'?: (number | string | Long);
  'shadowClimbs'?: (number | string | Long);
  'activeCostNanoUsd'?: (number | string | Long);
  'shadowCostNanoUsd'?: (number | string | Long);
}

export interface ComparePoliciesResponse__Output {
  'active': (string);
  'shadow': (string);
  /**
   * Requests that both decided on, over all routers.
   */
  'requests': (number);
  /**
   * Answers from the same rung.
   */
  'same': (number);
  /**
   * The shadow would have answered from a dearer rung.
   */
  'climbsMore': (number);
  /**
   * The shadow would have answered from a cheaper rung.
   */
  'stopsSooner': (number);
  /**
   * The shadow wanted a rung that was not called: its cost is that of one such call, and what it would have done then is not known.
   */
  'openEnded': (number);
  /**
   * Requests on which more than the cheapest rung was called.
   */
  'activeClimbs': (number);
  'shadowClimbs': (number);
  'activeCostNanoUsd': (number);
  'shadowCostNanoUsd': (number);
}
