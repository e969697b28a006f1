// Original file: proto/sluice/v1/gateway.proto

export const JobState = {
  JOB_STATE_UNSPECIFIED: 'JOB_STATE_UNSPECIFIED',
  JOB_STATE_RUNNING: 'JOB_STATE_RUNNING',
  JOB_STATE_SUCCEEDED: 'JOB_STATE_SUCCEEDED',
  JOB_STATE_FAILED: 'JOB_STATE_FAILED',
  JOB_STATE_CANCELLED: 'JOB_STATE_CANCELLED',
} as const;

export type JobState =
  | 'JOB_STATE_UNSPECIFIED'
  | 0
  | 'JOB_STATE_RUNNING'
  | 1
  | 'JOB_STATE_SUCCEEDED'
  | 2
  | 'JOB_STATE_FAILED'
  | 3
  | 'JOB_STATE_CANCELLED'
  | 4

export type JobState__Output = typeof JobState[keyof typeof JobState]
