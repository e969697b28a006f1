// Original file: proto/sluice/v1/gateway.proto

import type { Task as _sluice_v1_Task, Task__Output as _sluice_v1_Task__Output } from '../../sluice/v1/Task.ts';
import type { Part as _sluice_v1_Part, Part__Output as _sluice_v1_Part__Output } from '../../sluice/v1/Part.ts';
import type { TaskOptions as _sluice_v1_TaskOptions, TaskOptions__Output as _sluice_v1_TaskOptions__Output } from '../../sluice/v1/TaskOptions.ts';
import type { Constraints as _sluice_v1_Constraints, Constraints__Output as _sluice_v1_Constraints__Output } from '../../sluice/v1/Constraints.ts';

export interface InferRequest {
  'task'?: (_sluice_v1_Task);
  'content'?: (_sluice_v1_Part)[];
  'options'?: (_sluice_v1_TaskOptions | null);
  'constraints'?: (_sluice_v1_Constraints | null);
  /**
   * A retry with the same key and content is not paid twice. Such a request goes on when its caller leaves, until its
   * own deadline, and its answer is kept for a day; one that is cancelled, late or unavailable frees its key.
   */
  'idempotencyKey'?: (string);
  /**
   * Requests of one session prefer the same worker.
   */
  'sessionKey'?: (string);
  /**
   * At most 16; kept with the request for feedback and slices.
   */
  'labels'?: ({[key: string]: string});
}

export interface InferRequest__Output {
  'task': (_sluice_v1_Task__Output);
  'content': (_sluice_v1_Part__Output)[];
  'options': (_sluice_v1_TaskOptions__Output | null);
  'constraints': (_sluice_v1_Constraints__Output | null);
  /**
   * A retry with the same key and content is not paid twice. Such a request goes on when its caller leaves, until its
   * own deadline, and its answer is kept for a day; one that is cancelled, late or unavailable frees its key.
   */
  'idempotencyKey': (string);
  /**
   * Requests of one session prefer the same worker.
   */
  'sessionKey': (string);
  /**
   * At most 16; kept with the request for feedback and slices.
   */
  'labels': ({[key: string]: string});
}
