// Original file: proto/sluice/v1/content.proto

import type { Tool as _sluice_v1_Tool, Tool__Output as _sluice_v1_Tool__Output } from '../../sluice/v1/Tool.ts';

/**
 * Options of a task; setting one that the task does not know is an error.
 */
export interface TaskOptions {
  /**
   * classify: a label set with trained heads, by name.
   */
  'labelSet'?: (string);
  /**
   * classify: 2 to 64 labels to choose among without training.
   */
  'labels'?: (string)[];
  /**
   * transcribe: ISO 639-1 code.
   */
  'language'?: (string);
  /**
   * generate: highest number of output tokens.
   */
  'maxOutputTokens'?: (number);
  /**
   * generate: 0 to 2.
   */
  'temperature'?: (number | string);
  /**
   * generate: how to behave.
   */
  'instruction'?: (string);
  /**
   * generate: functions that the model may ask to be called; at most 128.
   */
  'tools'?: (_sluice_v1_Tool)[];
  /**
   * generate: auto, none, required, or the name of the one tool to call; empty means auto.
   */
  'toolChoice'?: (string);
  /**
   * generate_image: width and height such as 1024x1024, of those that the model has; its own choice when empty.
   */
  'size'?: (string);
  /**
   * generate_image: a word of the model's own, such as low, high or hd; its own choice when empty.
   */
  'quality'?: (string);
  '_temperature'?: "temperature";
}

/**
 * Options of a task; setting one that the task does not know is an error.
 */
export interface TaskOptions__Output {
  /**
   * classify: a label set with trained heads, by name.
   */
  'labelSet': (string);
  /**
   * classify: 2 to 64 labels to choose among without training.
   */
  'labels': (string)[];
  /**
   * transcribe: ISO 639-1 code.
   */
  'language': (string);
  /**
   * generate: highest number of output tokens.
   */
  'maxOutputTokens': (number);
  /**
   * generate: 0 to 2.
   */
  'temperature'?: (number);
  /**
   * generate: how to behave.
   */
  'instruction': (string);
  /**
   * generate: functions that the model may ask to be called; at most 128.
   */
  'tools': (_sluice_v1_Tool__Output)[];
  /**
   * generate: auto, none, required, or the name of the one tool to call; empty means auto.
   */
  'toolChoice': (string);
  /**
   * generate_image: width and height such as 1024x1024, of those that the model has; its own choice when empty.
   */
  'size': (string);
  /**
   * generate_image: a word of the model's own, such as low, high or hd; its own choice when empty.
   */
  'quality': (string);
  '_temperature'?: "temperature";
}
