// Original file: proto/sluice/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface LoadPolicyResponse {
  'version'?: (string);
  'models'?: (string)[];
  /**
   * Rows and tables that it was fitted on.
   */
  'rows'?: (number | string | Long);
  'datasets'?: (string)[];
}

export interface LoadPolicyResponse__Output {
  'version': (string);
  'models': (string)[];
  /**
   * Rows and tables that it was fitted on.
   */
  'rows': (number);
  'datasets': (string)[];
}
