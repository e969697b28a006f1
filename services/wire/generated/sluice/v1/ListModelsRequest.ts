// Original file: proto/sluice/v1/gateway.proto

import type { Task as _sluice_v1_Task, Task__Output as _sluice_v1_Task__Output } from '../../sluice/v1/Task.ts';

export interface ListModelsRequest {
  'task'?: (_sluice_v1_Task);
}

export interface ListModelsRequest__Output {
  'task': (_sluice_v1_Task__Output);
}
