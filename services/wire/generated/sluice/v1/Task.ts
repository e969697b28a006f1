// Original file: proto/sluice/v1/content.proto

/**
 * What is to be done with the content.
 */
export const Task = {
  /**
   * Classify where options have labels or a label set; else a recording is transcribed, a picture is read and text goes to generate, where
   * a ladder does that. Everything else is an error that lists what can be asked.
   */
  TASK_UNSPECIFIED: 'TASK_UNSPECIFIED',
  /**
   * Speech to text.
   */
  TASK_TRANSCRIBE: 'TASK_TRANSCRIBE',
  /**
   * Text in an image.
   */
  TASK_OCR: 'TASK_OCR',
  /**
   * Text into labels.
   */
  TASK_CLASSIFY: 'TASK_CLASSIFY',
  /**
   * Text into a vector of one model's space; never climbs.
   */
  TASK_EMBED: 'TASK_EMBED',
  /**
   * Text from text and images.
   */
  TASK_GENERATE: 'TASK_GENERATE',
  /**
   * Image from text.
   */
  TASK_GENERATE_IMAGE: 'TASK_GENERATE_IMAGE',
} as const;

/**
 * What is to be done with the content.
 */
export type Task =
  /**
   * Classify where options have labels or a label set; else a recording is transcribed, a picture is read and text goes to generate, where
   * a ladder does that. Everything else is an error that lists what can be asked.
   */
  | 'TASK_UNSPECIFIED'
  | 0
  /**
   * Speech to text.
   */
  | 'TASK_TRANSCRIBE'
  | 1
  /**
   * Text in an image.
   */
  | 'TASK_OCR'
  | 2
  /**
   * Text into labels.
   */
  | 'TASK_CLASSIFY'
  | 3
  /**
   * Text into a vector of one model's space; never climbs.
   */
  | 'TASK_EMBED'
  | 4
  /**
   * Text from text and images.
   */
  | 'TASK_GENERATE'
  | 5
  /**
   * Image from text.
   */
  | 'TASK_GENERATE_IMAGE'
  | 6

/**
 * What is to be done with the content.
 */
export type Task__Output = typeof Task[keyof typeof Task]
