/** A line at the foot of a screen that changes during a task; nothing where standard error is no terminal. */
export interface LiveLine {
  set(text: string): void
  /** Prints lines above it. */
  above(text: string): void
  clear(): void
}

/** Where the screen does not say how wide it is. */
const usualColumns = 80

/** Makes the line on standard error. */
export function createLiveLine(stream: NodeJS.WriteStream = process.stderr): LiveLine {
  let shown = ''
  const wipe = (): void => {
    if (shown !== '') stream.write('\r\u001B[2K')
  }
  return {
    set(text) {
      if (!stream.isTTY) return
      // A line that wraps could not be wiped.
      const fitting = text.slice(0, (stream.columns || usualColumns) - 1)
      if (fitting === shown) return
      wipe()
      stream.write(fitting)
      shown = fitting
    },
    above(text) {
      wipe()
      stream.write(`${text}\n`)
      if (shown !== '') stream.write(shown)
    },
    clear() {
      wipe()
      shown = ''
    },
  }
}
