// Original file: proto/sluice/v1/gateway.proto

import type { Task as _sluice_v1_Task, Task__Output as _sluice_v1_Task__Output } from '../../sluice/v1/Task.ts';
import type { ModelCard as _sluice_v1_ModelCard, ModelCard__Output as _sluice_v1_ModelCard__Output } from '../../sluice/v1/ModelCard.ts';
import type { ModelState as _sluice_v1_ModelState, ModelState__Output as _sluice_v1_ModelState__Output } from '../../sluice/v1/ModelState.ts';

export interface Model {
  'name'?: (string);
  'tier'?: (string);
  'pool'?: (string);
  'tasks'?: (_sluice_v1_Task)[];
  'modalities'?: (string)[];
  'card'?: (_sluice_v1_ModelCard | null);
  'state'?: (_sluice_v1_ModelState | null);
}

export interface Model__Output {
  'name': (string);
  'tier': (string);
  'pool': (string);
  'tasks': (_sluice_v1_Task__Output)[];
  'modalities': (string)[];
  'card': (_sluice_v1_ModelCard__Output | null);
  'state': (_sluice_v1_ModelState__Output | null);
}
