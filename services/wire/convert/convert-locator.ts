import type { Locator } from '#services/contract/retrieval/evidence'
import type { Locator as WireLocator } from '../generated/sluice/v1/Locator.ts'
import type { Locator__Output } from '../generated/sluice/v1/Locator.ts'
import { durationFromWire, durationToWire } from './time.ts'

/** A place on the wire. */
export function locatorToWire({ page, startMs, endMs }: Locator): WireLocator {
  return {
    ...(page === undefined ? {} : { page }),
    ...(startMs === undefined ? {} : { start: durationToWire(startMs) }),
    ...(endMs === undefined ? {} : { end: durationToWire(endMs) }),
  }
}

/** The place again. */
export function locatorFromWire({ page, start, end }: Locator__Output): Locator {
  return {
    ...(page === 0 ? {} : { page }),
    ...(start === null ? {} : { startMs: durationFromWire(start) }),
    ...(end === null ? {} : { endMs: durationFromWire(end) }),
  }
}
