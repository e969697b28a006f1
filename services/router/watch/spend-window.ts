import type { Clock } from '#services/contract/clock'
import type { NanoUsd } from '#services/contract/money'
import type { Finished } from '#services/router/request/states'

/** What one minute came to. */
export interface SpendMinute {
  /** Epoch ms of its beginning. */
  readonly at: number
  requests: number
  escalated: number
  degraded: number
  failed: number
  nanoUsd: NanoUsd
}

/** What something cost since this router began. */
export interface SpendLine {
  readonly name: string
  requests: number
  nanoUsd: NanoUsd
}

/** What requests of one router have come to. */
export interface SpendWindow {
  ended(finished: Finished): void
  /** The minutes of the last hour, oldest first, those without a request too. */
  minutes(): readonly SpendMinute[]
  /** Since this router began, the most first. */
  totals(): Readonly<Record<SpendKind, readonly SpendLine[]>>
  /** Answers of less quality than was asked for since this router began, by why. */
  degraded(): Readonly<Record<string, number>>
  /** Epoch ms. */
  readonly since: number
}

/** Labels of spending. */
export type SpendKind = 'tenant' | 'ladder' | 'model'

const minuteMs = 60_000
const minutesKept = 60
/** Tenants can be many; those beyond are one line. */
const mostLines = 500
const others = '(others)'

/** Makes an empty book. */
export function createSpendWindow(clock: Clock): SpendWindow {
  const byMinute = new Map<number, SpendMinute>()
  const lines = { tenant: new Map(), ladder: new Map(), model: new Map() } satisfies Record<
    SpendKind,
    Map<string, SpendLine>
  >
  const reasons: Record<string, number> = {}

  const minuteAt = (now: number): SpendMinute => {
    const at = now - (now % minuteMs)
    const found = byMinute.get(at)
    if (found !== undefined) return found
    const made = emptyMinute(at)
    byMinute.set(at, made)
    for (const old of byMinute.keys()) if (old <= at - minutesKept * minuteMs) byMinute.delete(old)
    return made
  }
  const add = (kind: SpendKind, name: string, nanoUsd: NanoUsd): void => {
    const book: Map<string, SpendLine> = lines[kind]
    const key = book.has(name) || book.size < mostLines ? name : others
    const line = book.get(key) ?? { name: key, requests: 0, nanoUsd: 0 }
    book.set(key, line)
    line.requests += 1
    line.nanoUsd += nanoUsd
  }

  return {
    since: clock.now(),
    ended({ request, plan, end }) {
      const reports = end.kind === 'answered' ? end.answer.rungs : end.rungs
      const called = reports.filter(report => report.verdict !== 'skipped')
      const nanoUsd = reports.reduce((sum, report) => sum + report.costNanoUsd, 0)
      const minute = minuteAt(clock.now())
      minute.requests += 1
      minute.nanoUsd += nanoUsd
      minute.escalated += Number(called.length > 1)
      minute.failed += Number(end.kind === 'failed')
      add('tenant', request.tenant, nanoUsd)
      add('ladder', plan.ladder, nanoUsd)
      for (const { model, costNanoUsd } of called) add('model', model, costNanoUsd)
      const reason = end.kind === 'answered' ? end.answer.degraded : undefined
      if (reason === undefined) return
      minute.degraded += 1
      reasons[reason] = (reasons[reason] ?? 0) + 1
    },
    minutes() {
      const now = clock.now()
      const last = now - (now % minuteMs)
      return Array.from({ length: minutesKept }, (_, index) => {
        const at = last - (minutesKept - 1 - index) * minuteMs
        return byMinute.get(at) ?? emptyMinute(at)
      })
    },
    totals: () => ({ tenant: sorted(lines.tenant), ladder: sorted(lines.ladder), model: sorted(lines.model) }),
    degraded: () => reasons,
  }
}

function emptyMinute(at: number): SpendMinute {
  return { at, requests: 0, escalated: 0, degraded: 0, failed: 0, nanoUsd: 0 }
}

function sorted(book: ReadonlyMap<string, SpendLine>): readonly SpendLine[] {
  return [...book.values()].toSorted((one, other) => other.nanoUsd - one.nanoUsd || other.requests - one.requests)
}
