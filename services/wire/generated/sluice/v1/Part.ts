// Original file: proto/sluice/v1/content.proto

import type { Media as _sluice_v1_Media, Media__Output as _sluice_v1_Media__Output } from '../../sluice/v1/Media.ts';
import type { ToolCall as _sluice_v1_ToolCall, ToolCall__Output as _sluice_v1_ToolCall__Output } from '../../sluice/v1/ToolCall.ts';
import type { ToolResult as _sluice_v1_ToolResult, ToolResult__Output as _sluice_v1_ToolResult__Output } from '../../sluice/v1/ToolResult.ts';

/**
 * One piece of content. A request holds a list of parts in the caller's order. Parts before the first tool_call are the user's message;
 * tool_calls in a row are one turn of the model, the tool_results after them answer it, and what comes after those is the user again.
 */
export interface Part {
  'text'?: (string);
  'image'?: (_sluice_v1_Media | null);
  'audio'?: (_sluice_v1_Media | null);
  'video'?: (_sluice_v1_Media | null);
  /**
   * generate, with tools: a call that the model asked for before, as it gave it.
   */
  'toolCall'?: (_sluice_v1_ToolCall | null);
  /**
   * generate, with tools: what came of a tool_call before it. Every call has one.
   */
  'toolResult'?: (_sluice_v1_ToolResult | null);
  'part'?: "text"|"image"|"audio"|"video"|"toolCall"|"toolResult";
}

/**
 * One piece of content. A request holds a list of parts in the caller's order. Parts before the first tool_call are the user's message;
 * tool_calls in a row are one turn of the model, the tool_results after them answer it, and what comes after those is the user again.
 */
export interface Part__Output {
  'text'?: (string);
  'image'?: (_sluice_v1_Media__Output | null);
  'audio'?: (_sluice_v1_Media__Output | null);
  'video'?: (_sluice_v1_Media__Output | null);
  /**
   * generate, with tools: a call that the model asked for before, as it gave it.
   */
  'toolCall'?: (_sluice_v1_ToolCall__Output | null);
  /**
   * generate, with tools: what came of a tool_call before it. Every call has one.
   */
  'toolResult'?: (_sluice_v1_ToolResult__Output | null);
  'part'?: "text"|"image"|"audio"|"video"|"toolCall"|"toolResult";
}
