// Original file: proto/sluice/v1/gateway.proto

import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from '../../sluice/v1/Job.ts';

export interface ListJobsResponse {
  /**
   * Newest first.
   */
  'jobs'?: (_sluice_v1_Job)[];
}

export interface ListJobsResponse__Output {
  /**
   * Newest first.
   */
  'jobs': (_sluice_v1_Job__Output)[];
}
