/** Stands in until outcomes can be replayed. */
export function Replay() {
  return null
}
