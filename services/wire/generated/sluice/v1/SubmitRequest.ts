// Original file: proto/sluice/v1/gateway.proto

import type { InferRequest as _sluice_v1_InferRequest, InferRequest__Output as _sluice_v1_InferRequest__Output } from '../../sluice/v1/InferRequest.ts';

export interface SubmitRequest {
  'request'?: (_sluice_v1_InferRequest | null);
}

export interface SubmitRequest__Output {
  'request': (_sluice_v1_InferRequest__Output | null);
}
