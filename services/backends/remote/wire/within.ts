import { UpstreamError } from './upstream-error.ts'

/** Waits for work, but no longer than `ms`. @throws UpstreamError `timeout` with the message given */
export function within<T>(ms: number, message: string, work: Promise<T>): Promise<T> {
  // Half the price of a race, and there is one for every piece of an answer.
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new UpstreamError('timeout', message)), Math.max(0, ms))
    work.then(
      value => {
        clearTimeout(timer)
        return resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        return reject(error)
      },
    )
  })
}
