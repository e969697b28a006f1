// Original file: proto/sluice/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface RestoredCounter {
  /**
   * tenant:<tenant>:day:<date>, …
   */
  'counter'?: (string);
  'spentNanoUsd'?: (number | string | Long);
}

export interface RestoredCounter__Output {
  /**
   * tenant:<tenant>:day:<date>, …
   */
  'counter': (string);
  'spentNanoUsd': (number);
}
