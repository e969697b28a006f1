// Original file: proto/sluice/v1/content.proto


/**
 * A call of a tool that the model asks for.
 */
export interface ToolCall {
  'id'?: (string);
  'name'?: (string);
  /**
   * As the model wrote them: JSON, if it kept to the schema.
   */
  'argumentsJson'?: (string);
}

/**
 * A call of a tool that the model asks for.
 */
export interface ToolCall__Output {
  'id': (string);
  'name': (string);
  /**
   * As the model wrote them: JSON, if it kept to the schema.
   */
  'argumentsJson': (string);
}
