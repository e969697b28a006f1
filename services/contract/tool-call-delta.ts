/** A piece of a call of a tool. Calls come one after the other; the first piece of each has its id and name. */
export interface ToolCallDelta {
  /** Place among the calls of the answer. */
  readonly index: number
  readonly id?: string
  readonly name?: string
  /** What comes next of the arguments' JSON. */
  readonly argumentsJson: string
}

/** Pieces as lines of JSON: on their way they are one growing text, as the words of an answer are. */
export function callDeltaLines(deltas: readonly ToolCallDelta[]): string {
  return deltas.map(delta => `${JSON.stringify(delta)}\n`).join('')
}

/** Reads such lines, however their text is cut. */
export function createCallDeltaReader(): (text: string) => readonly ToolCallDelta[] {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.map(line => JSON.parse(line) as ToolCallDelta)
  }
}
