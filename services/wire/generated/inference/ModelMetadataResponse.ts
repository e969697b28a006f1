// Original file: proto/inference/open_inference.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A tensor's name, type and shape; -1 stands for a size that varies.
 */
export interface _inference_ModelMetadataResponse_TensorMetadata {
  'name'?: (string);
  'datatype'?: (string);
  'shape'?: (number | string | Long)[];
}

/**
 * A tensor's name, type and shape; -1 stands for a size that varies.
 */
export interface _inference_ModelMetadataResponse_TensorMetadata__Output {
  'name': (string);
  'datatype': (string);
  'shape': (number)[];
}

export interface ModelMetadataResponse {
  'name'?: (string);
  'versions'?: (string)[];
  'platform'?: (string);
  'inputs'?: (_inference_ModelMetadataResponse_TensorMetadata)[];
  'outputs'?: (_inference_ModelMetadataResponse_TensorMetadata)[];
  /**
   * What a request needs beside its tensors: a parameter's name, and in words what it takes. KServe has the same field.
   */
  'properties'?: ({[key: string]: string});
}

export interface ModelMetadataResponse__Output {
  'name': (string);
  'versions': (string)[];
  'platform': (string);
  'inputs': (_inference_ModelMetadataResponse_TensorMetadata__Output)[];
  'outputs': (_inference_ModelMetadataResponse_TensorMetadata__Output)[];
  /**
   * What a request needs beside its tensors: a parameter's name, and in words what it takes. KServe has the same field.
   */
  'properties': ({[key: string]: string});
}
