import type { Logger } from 'pino'
import { Counter, type Registry } from 'prom-client'
import type { LoadedConfig } from '#services/config/load-config'
import type { Clock } from '#services/contract/clock'
import { createBatchDrives, type BatchDrives } from '#services/router/batches/batch-drives'
import type { Cascades } from '#services/router/cascade/cascades'
import { createRowWire } from '#services/router/edge/http/batches/row-wire'
import { createDocumentRows } from '#services/router/retrieve/document-rows'
import type { InFlight } from '#services/router/lifecycle/in-flight'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { BatchOwner } from '#services/state/batches/batch-store'
import type { Originals } from '#services/router/reserve/originals'
import { admitOptionsOf } from './options.ts'
import type { Stores } from './stores.ts'

/** What driving batches needs. */
export interface BatchesParts {
  readonly stores: Pick<Stores, 'batches' | 'files' | 'indexes'>
  readonly handler: RequestHandler
  readonly inFlight: InFlight
  readonly cascades: Pick<Cascades, 'cancel'>
  readonly originals: Pick<Originals, 'jobOf'>
  readonly owner: () => BatchOwner
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

/** Bytes of the rows of one batch that are held at once. */
const rowBytesAtOnce = 64_000_000

/** Builds the driving of one router. */
export function composeBatches(loaded: LoadedConfig, parts: BatchesParts): BatchDrives {
  const { limits } = loaded.config
  const { stores, inFlight, owner, registry, cascades, originals, ...rest } = parts
  const rows = new Counter({
    name: 'sluice_router_batch_rows_total',
    help: 'Rows of batches recorded, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of ['completed', 'failed']) rows.inc({ outcome }, 0)
  return createBatchDrives(
    {
      atOnce: limits.batches.perRouter,
      rows: limits.batches.rows,
      rowsAtOnce: limits.batches.rowsInFlight,
      bytesAtOnce: rowBytesAtOnce,
      lineBytes: Math.floor(limits.http.bodyMegabytes * 1e6),
      rowDeadlineMs: Math.min(limits.asyncDeadlineMs, limits.longestDeadlineMs),
    },
    owner,
    {
      ...rest,
      cancelJob: cascades.cancel,
      jobOf: originals.jobOf,
      store: stores.batches,
      files: stores.files,
      wire: createRowWire({ names: admitOptionsOf(loaded).request, documents: createDocumentRows(stores) }),
      enter: inFlight.enter,
      rowEnded: outcome => rows.inc({ outcome }),
      wait: waitFor,
    },
  )
}

/** Waits, or less where the signal is aborted before. */
function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
