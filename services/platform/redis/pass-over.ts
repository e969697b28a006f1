import { isGatewayError } from '#services/contract/errors'

/** Hears of a record that is not what it should be. */
export type OnUnreadable = (id: string, error: unknown) => void

/**
 * Passes over a record that cannot be read, where others are read beside it: only what it stands for is lost by it.
 * That Redis is away, or cannot serve now, is thrown on.
 */
export function passOver(id: string, onUnreadable: OnUnreadable | undefined): (error: unknown) => undefined {
  return error => {
    if (isGatewayError(error) && error.code === 'Overloaded') throw error
    onUnreadable?.(id, error)
    return undefined
  }
}
