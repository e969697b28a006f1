// Original file: proto/sluice/v1/gateway.proto

import type { Long } from '@grpc/proto-loader';

export interface RateLimit {
  /**
   * tenant:requests, tenant:tokens
   */
  'scope'?: (string);
  'perMinute'?: (number | string | Long);
  /**
   * Most that may begin at once.
   */
  'burst'?: (number | string | Long);
  /**
   * How much may begin now.
   */
  'remaining'?: (number | string | Long);
  'shadow'?: (boolean);
}

export interface RateLimit__Output {
  /**
   * tenant:requests, tenant:tokens
   */
  'scope': (string);
  'perMinute': (number);
  /**
   * Most that may begin at once.
   */
  'burst': (number);
  /**
   * How much may begin now.
   */
  'remaining': (number);
  'shadow': (boolean);
}
