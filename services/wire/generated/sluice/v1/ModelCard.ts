// Original file: proto/sluice/v1/gateway.proto

import type { Long } from '@grpc/proto-loader';

export interface ModelCard {
  'title'?: (string);
  'licence'?: (string);
  'source'?: (string);
  'trainingData'?: (string);
  'limits'?: (string);
  'parameters'?: (number | string | Long);
}

export interface ModelCard__Output {
  'title': (string);
  'licence': (string);
  'source': (string);
  'trainingData': (string);
  'limits': (string);
  'parameters': (number);
}
