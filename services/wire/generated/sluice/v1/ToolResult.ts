// Original file: proto/sluice/v1/content.proto


/**
 * What came of a call of a tool.
 */
export interface ToolResult {
  /**
   * The id of the call.
   */
  'callId'?: (string);
  'content'?: (string);
  /**
   * The call failed, and content says why.
   */
  'isError'?: (boolean);
}

/**
 * What came of a call of a tool.
 */
export interface ToolResult__Output {
  /**
   * The id of the call.
   */
  'callId': (string);
  'content': (string);
  /**
   * The call failed, and content says why.
   */
  'isError': (boolean);
}
