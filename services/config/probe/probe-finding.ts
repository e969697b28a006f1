/** The result of probing a server. */
export type ProbeState =
  /** It is there and has the model. */
  | 'ok'
  /** The server answers but does not list its models. */
  | 'unchecked'
  /** No connection came about, or nothing came in time. */
  | 'unreachable'
  /** The address leads somewhere else on the server. */
  | 'address-wrong'
  | 'key-refused'
  | 'model-unknown'
  /** It answers with an error. */
  | 'failing'

/** What was found of one model on one endpoint. */
export interface ProbeFinding {
  readonly model: string
  /** The endpoint, without what may be secret in its address. */
  readonly server: string
  readonly state: ProbeState
  /** For a person: what is wrong, and what would mend it. */
  readonly message: string
}

/** The state and message of a page, without the model and server that it belongs to. */
export type ProbeResult = Pick<ProbeFinding, 'state' | 'message'>

/** Whether an operator should look at it. */
export function isAlarming({ state }: ProbeResult): boolean {
  return state !== 'ok' && state !== 'unchecked'
}

/** The first of a server's models, and how many there are. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'it has none'
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `it has ${shown} and ${names.length - 8} more` : `it has ${shown}`
}
