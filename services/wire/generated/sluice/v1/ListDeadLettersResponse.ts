// Original file: proto/sluice/v1/admin.proto

import type { DeadLetter as _sluice_v1_DeadLetter, DeadLetter__Output as _sluice_v1_DeadLetter__Output } from '../../sluice/v1/DeadLetter.ts';

export interface ListDeadLettersResponse {
  'deadLetters'?: (_sluice_v1_DeadLetter)[];
  'nextPageToken'?: (string);
}

export interface ListDeadLettersResponse__Output {
  'deadLetters': (_sluice_v1_DeadLetter__Output)[];
  'nextPageToken': (string);
}
