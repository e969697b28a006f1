// Original file: proto/sluice/v1/content.proto

import type { Media as _sluice_v1_Media, Media__Output as _sluice_v1_Media__Output } from '../../sluice/v1/Media.ts';

/**
 * One piece of content. A request holds a list of parts in the caller's order.
 */
export interface Part {
  'text'?: (string);
  'image'?: (_sluice_v1_Media | null);
  'audio'?: (_sluice_v1_Media | null);
  'video'?: (_sluice_v1_Media | null);
  'part'?: "text"|"image"|"audio"|"video";
}

/**
 * One piece of content. A request holds a list of parts in the caller's order.
 */
export interface Part__Output {
  'text'?: (string);
  'image'?: (_sluice_v1_Media__Output | null);
  'audio'?: (_sluice_v1_Media__Output | null);
  'video'?: (_sluice_v1_Media__Output | null);
  'part'?: "text"|"image"|"audio"|"video";
}
