/** A fault in the configuration at a path. */
export interface ConfigFault {
  readonly path: readonly (string | number)[]
  readonly expected: string
}
