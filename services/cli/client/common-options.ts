/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly address?: string
  readonly key?: string
  readonly json?: boolean
  readonly tls?: boolean
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsName?: string
}
