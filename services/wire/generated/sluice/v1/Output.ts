// Original file: proto/sluice/v1/content.proto

import type { Labels as _sluice_v1_Labels, Labels__Output as _sluice_v1_Labels__Output } from '../../sluice/v1/Labels.ts';
import type { Embedding as _sluice_v1_Embedding, Embedding__Output as _sluice_v1_Embedding__Output } from '../../sluice/v1/Embedding.ts';
import type { ToolCall as _sluice_v1_ToolCall, ToolCall__Output as _sluice_v1_ToolCall__Output } from '../../sluice/v1/ToolCall.ts';
import type { Media as _sluice_v1_Media, Media__Output as _sluice_v1_Media__Output } from '../../sluice/v1/Media.ts';

/**
 * What a model gave.
 */
export interface Output {
  'text'?: (string);
  'labels'?: (_sluice_v1_Labels | null);
  'embedding'?: (_sluice_v1_Embedding | null);
  /**
   * Calls of tools that the model asks for, beside its text.
   */
  'toolCalls'?: (_sluice_v1_ToolCall)[];
  /**
   * By its bytes, which may be 16 MiB: more than clients of gRPC take by default.
   */
  'image'?: (_sluice_v1_Media | null);
  'output'?: "text"|"labels"|"embedding"|"image";
}

/**
 * What a model gave.
 */
export interface Output__Output {
  'text'?: (string);
  'labels'?: (_sluice_v1_Labels__Output | null);
  'embedding'?: (_sluice_v1_Embedding__Output | null);
  /**
   * Calls of tools that the model asks for, beside its text.
   */
  'toolCalls': (_sluice_v1_ToolCall__Output)[];
  /**
   * By its bytes, which may be 16 MiB: more than clients of gRPC take by default.
   */
  'image'?: (_sluice_v1_Media__Output | null);
  'output'?: "text"|"labels"|"embedding"|"image";
}
