import { setMaxListeners } from 'node:events'
import type { BatchLease, BatchOwner, TakenBatch } from '#services/state/batches/batch-store'
import { driveBatch } from './drive-batch.ts'
import type { DriveDependencies, DriveOptions, DriveSignals } from './drive.ts'

/** The batches that this router drives. */
export interface BatchDrives {
  /** Keeps the leases of those under way, and takes others that no router drives, as many as there is room for. */
  turn(): Promise<void>
  /** Lets go of all: their jobs go on, and other routers drive them on. */
  close(): Promise<void>
}

/** How many are driven. */
export interface BatchDrivesOptions extends DriveOptions {
  /** By one router at once. */
  readonly atOnce: number
}

interface Drive extends DriveSignals {
  readonly lease: BatchLease
  readonly ended: Promise<void>
}

/** Makes them. */
export function createBatchDrives(
  options: BatchDrivesOptions,
  owner: () => BatchOwner,
  dependencies: DriveDependencies,
): BatchDrives {
  const { store, logger } = dependencies
  const drives = new Set<Drive>()
  let closed = false

  const begin = (taken: TakenBatch): void => {
    const signals = { leaving: new AbortController(), over: new AbortController() }
    // Every row under way listens to them.
    setMaxListeners(0, signals.leaving.signal, signals.over.signal)
    const { batchId } = taken.lease
    logger.info({ batchId, epoch: taken.lease.epoch, status: taken.batch.status }, 'drives a batch')
    const ended = driveBatch(taken, options, signals, dependencies)
      .catch((error: unknown) => {
        logger.warn({ err: error, batchId }, 'a batch was left; it is driven on when its lease ends')
        signals.leaving.abort('failed')
      })
      .finally(() => drives.delete(drive))
    const drive: Drive = { ...signals, lease: taken.lease, ended }
    drives.add(drive)
  }
  const renew = async ({ lease, leaving, over }: Drive): Promise<void> => {
    const status = await store.renew(lease, owner().leaseUntil)
    if (status === undefined) leaving.abort('lost')
    if (status === 'cancelling' && !over.signal.aborted) over.abort('cancelled')
  }
  return {
    async turn() {
      await Promise.all([...drives].map(renew))
      if (closed) return
      const taken = await store.takeOver(owner(), options.atOnce - drives.size)
      if (closed) await Promise.all(taken.map(({ lease }) => store.release(lease)))
      else for (const one of taken) begin(one)
    },
    async close() {
      closed = true
      const left = [...drives]
      for (const { leaving } of left) leaving.abort('stopping')
      await Promise.all(left.map(({ ended }) => ended))
      await Promise.all(left.map(({ lease }) => store.release(lease))).catch((error: unknown) => {
        logger.warn({ err: error }, 'batches could not be handed over; they are driven on when their leases end')
      })
    },
  }
}
