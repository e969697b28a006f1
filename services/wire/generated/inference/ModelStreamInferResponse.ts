// Original file: proto/inference/open_inference.proto

import type { ModelInferResponse as _inference_ModelInferResponse, ModelInferResponse__Output as _inference_ModelInferResponse__Output } from '../inference/ModelInferResponse.ts';

export interface ModelStreamInferResponse {
  /**
   * Empty when it went well.
   */
  'errorMessage'?: (string);
  'inferResponse'?: (_inference_ModelInferResponse | null);
}

export interface ModelStreamInferResponse__Output {
  /**
   * Empty when it went well.
   */
  'errorMessage': (string);
  'inferResponse': (_inference_ModelInferResponse__Output | null);
}
