/** Lets one through at a time, in the order in which they came. */
export interface Mutex {
  /** Waits for the turn; the caller calls what it gets, once, when it is through. */
  enter(): Promise<() => void>
}

/** Makes a mutex. */
export function createMutex(): Mutex {
  let last: Promise<void> = Promise.resolve()
  return {
    async enter() {
      let leave!: () => void
      const before = last
      last = new Promise(resolve => (leave = resolve))
      await before
      return leave
    },
  }
}
