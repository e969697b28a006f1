import type { Usage } from '#services/contract/price'

/** When a leg's batch was at the model, in epoch ms. */
export interface ModelTimes {
  /** It was handed to the model. */
  handedAt?: number
  /** When the model began with it, where known. */
  ranFrom?: number
  /** The model was through with it. */
  ranUntil?: number
  /** How long it waited for answers of others to be checked. */
  checkWaitMs?: number
}

/**
 * How long a leg was at work by itself: from its beginning to now, less its waits for the model's turn and for a
 * check, less what the model did meanwhile for the other legs of its batch. What is left is what the next like it
 * will take, however busy its worker is. Pure.
 */
export function serviceTimeOf(
  { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
  { handedAt, ranFrom, ranUntil, checkWaitMs = 0 }: ModelTimes,
  { computeMs }: Usage,
): number {
  const elapsedMs = Math.max(0, endedAt - startedAt - checkWaitMs)
  if (handedAt === undefined || ranFrom === undefined || ranUntil === undefined) return elapsedMs
  const ranMs = Math.max(0, ranUntil - ranFrom)
  const ownMs = Math.min(ranMs, computeMs ?? ranMs)
  const waitedMs = Math.max(0, ranFrom - handedAt)
  return Math.max(0, elapsedMs - waitedMs - (ranMs - ownMs))
}
