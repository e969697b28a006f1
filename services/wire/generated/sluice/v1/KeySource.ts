// Original file: proto/sluice/v1/admin.proto

export const KeySource = {
  KEY_SOURCE_UNSPECIFIED: 'KEY_SOURCE_UNSPECIFIED',
  /**
   * Made by CreateKey; can be rotated and revoked.
   */
  KEY_SOURCE_STORE: 'KEY_SOURCE_STORE',
  /**
   * Listed in the configuration file, which alone can change it.
   */
  KEY_SOURCE_CONFIGURATION: 'KEY_SOURCE_CONFIGURATION',
} as const;

export type KeySource =
  | 'KEY_SOURCE_UNSPECIFIED'
  | 0
  /**
   * Made by CreateKey; can be rotated and revoked.
   */
  | 'KEY_SOURCE_STORE'
  | 1
  /**
   * Listed in the configuration file, which alone can change it.
   */
  | 'KEY_SOURCE_CONFIGURATION'
  | 2

export type KeySource__Output = typeof KeySource[keyof typeof KeySource]
