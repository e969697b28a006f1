// Original file: proto/sluice/v1/content.proto

import type { Labels as _sluice_v1_Labels, Labels__Output as _sluice_v1_Labels__Output } from '../../sluice/v1/Labels.ts';
import type { Embedding as _sluice_v1_Embedding, Embedding__Output as _sluice_v1_Embedding__Output } from '../../sluice/v1/Embedding.ts';

/**
 * What a model gave.
 */
export interface Output {
  'text'?: (string);
  'labels'?: (_sluice_v1_Labels | null);
  'embedding'?: (_sluice_v1_Embedding | null);
  'output'?: "text"|"labels"|"embedding";
}

/**
 * What a model gave.
 */
export interface Output__Output {
  'text'?: (string);
  'labels'?: (_sluice_v1_Labels__Output | null);
  'embedding'?: (_sluice_v1_Embedding__Output | null);
  'output'?: "text"|"labels"|"embedding";
}
