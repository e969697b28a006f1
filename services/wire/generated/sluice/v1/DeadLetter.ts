// Original file: proto/sluice/v1/admin.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from '../../sluice/v1/Job.ts';

export interface DeadLetter {
  'jobId'?: (string);
  'tenant'?: (string);
  'task'?: (string);
  'pool'?: (string);
  'reason'?: (string);
  'diedAt'?: (_google_protobuf_Timestamp | null);
  'job'?: (_sluice_v1_Job | null);
}

export interface DeadLetter__Output {
  'jobId': (string);
  'tenant': (string);
  'task': (string);
  'pool': (string);
  'reason': (string);
  'diedAt': (_google_protobuf_Timestamp__Output | null);
  'job': (_sluice_v1_Job__Output | null);
}
