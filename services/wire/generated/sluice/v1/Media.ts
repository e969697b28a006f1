// Original file: proto/sluice/v1/content.proto


/**
 * A medium by its bytes or by an address to fetch it from.
 */
export interface Media {
  'bytes'?: (Buffer | Uint8Array | string);
  /**
   * https:// address; fetched by the router, within limits.
   */
  'uri'?: (string);
  /**
   * Media type such as image/png; what the bytes say wins over it.
   */
  'mediaType'?: (string);
  'source'?: "bytes"|"uri";
}

/**
 * A medium by its bytes or by an address to fetch it from.
 */
export interface Media__Output {
  'bytes'?: (Buffer);
  /**
   * https:// address; fetched by the router, within limits.
   */
  'uri'?: (string);
  /**
   * Media type such as image/png; what the bytes say wins over it.
   */
  'mediaType': (string);
  'source'?: "bytes"|"uri";
}
