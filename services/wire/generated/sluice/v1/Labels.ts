// Original file: proto/sluice/v1/content.proto

import type { LabelScore as _sluice_v1_LabelScore, LabelScore__Output as _sluice_v1_LabelScore__Output } from '../../sluice/v1/LabelScore.ts';

/**
 * Labels, best first.
 */
export interface Labels {
  'labels'?: (_sluice_v1_LabelScore)[];
}

/**
 * Labels, best first.
 */
export interface Labels__Output {
  'labels': (_sluice_v1_LabelScore__Output)[];
}
