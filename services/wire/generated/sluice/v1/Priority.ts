// Original file: proto/sluice/v1/content.proto

export const Priority = {
  /**
   * Same as PRIORITY_NORMAL.
   */
  PRIORITY_UNSPECIFIED: 'PRIORITY_UNSPECIFIED',
  PRIORITY_INTERACTIVE: 'PRIORITY_INTERACTIVE',
  PRIORITY_NORMAL: 'PRIORITY_NORMAL',
  PRIORITY_BATCH: 'PRIORITY_BATCH',
  /**
   * May be refused first under overload.
   */
  PRIORITY_SHEDDABLE: 'PRIORITY_SHEDDABLE',
} as const;

export type Priority =
  /**
   * Same as PRIORITY_NORMAL.
   */
  | 'PRIORITY_UNSPECIFIED'
  | 0
  | 'PRIORITY_INTERACTIVE'
  | 1
  | 'PRIORITY_NORMAL'
  | 2
  | 'PRIORITY_BATCH'
  | 3
  /**
   * May be refused first under overload.
   */
  | 'PRIORITY_SHEDDABLE'
  | 4

export type Priority__Output = typeof Priority[keyof typeof Priority]
