/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly address?: string
  readonly key?: string
  readonly json?: boolean
}
