// Original file: proto/sluice/v1/admin.proto

import type { RestoredCounter as _sluice_v1_RestoredCounter, RestoredCounter__Output as _sluice_v1_RestoredCounter__Output } from '../../sluice/v1/RestoredCounter.ts';

export interface RestoreLedgerResponse {
  /**
   * What was put back, by counter.
   */
  'counters'?: (_sluice_v1_RestoredCounter)[];
}

export interface RestoreLedgerResponse__Output {
  /**
   * What was put back, by counter.
   */
  'counters': (_sluice_v1_RestoredCounter__Output)[];
}
