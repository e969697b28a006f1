// Original file: proto/sluice/v1/gateway.proto

import type { Model as _sluice_v1_Model, Model__Output as _sluice_v1_Model__Output } from '../../sluice/v1/Model.ts';

export interface ListModelsResponse {
  'models'?: (_sluice_v1_Model)[];
}

export interface ListModelsResponse__Output {
  'models': (_sluice_v1_Model__Output)[];
}
