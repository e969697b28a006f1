// Original file: proto/sluice/v1/content.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What was used.
 */
export interface Usage {
  'inputTokens'?: (number | string | Long);
  'outputTokens'?: (number | string | Long);
  'cachedTokens'?: (number | string | Long);
  'reasoningTokens'?: (number | string | Long);
  'images'?: (number | string | Long);
  'audio'?: (_google_protobuf_Duration | null);
  'compute'?: (_google_protobuf_Duration | null);
  /**
   * The backend did not say; the gateway counted.
   */
  'estimated'?: (boolean);
  /**
   * Input that was written to a cache; not among input_tokens.
   */
  'cacheWriteTokens'?: (number | string | Long);
}

/**
 * What was used.
 */
export interface Usage__Output {
  'inputTokens': (number);
  'outputTokens': (number);
  'cachedTokens': (number);
  'reasoningTokens': (number);
  'images': (number);
  'audio': (_google_protobuf_Duration__Output | null);
  'compute': (_google_protobuf_Duration__Output | null);
  /**
   * The backend did not say; the gateway counted.
   */
  'estimated': (boolean);
  /**
   * Input that was written to a cache; not among input_tokens.
   */
  'cacheWriteTokens': (number);
}
