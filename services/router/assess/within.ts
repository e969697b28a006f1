/** Waits for work at most so long; `undefined` when it took longer. */
export async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeBox = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, timeBox])
  } finally {
    clearTimeout(timer)
  }
}
