import { pino } from 'pino'
import { isGatewayError } from '#services/contract/errors'
import { privateMemoryBytes } from '#services/platform/process/private-memory'
import { serveParent } from '#services/platform/process/serve-parent'
import type { Backend } from '#services/backends/backend'
import type { Work } from '#services/backends/work'
import { createBackend } from '#services/backends/create-backend'
import type { FromModel, ModelOrder, ToModel } from './messages.ts'
import { createRunControl, type ProcessRunControl } from './run-control.ts'

/* The entry of a model's process: loads the model, then computes one batch at a time until it is told to close. */

let backend: Backend | undefined
let control: ProcessRunControl | undefined
/** What the worker's time is ahead of this process's monotonic clock. */
let aheadMs = Date.now() - performance.now()
const clock = { now: (): number => Math.floor(performance.now() + aheadMs) }

const parent = serveParent<FromModel>(order => {
  const message = order as ToModel
  if (message.kind === 'load') void load(message.order)
  else if (message.kind === 'unwanted') control?.unwanted(message.legId)
  else if (message.kind === 'delta-taken') control?.deltaTaken(message.legId)
  else if (backend === undefined) return
  else if (message.kind === 'run') void run(backend, message.batch, message.nowMs)
  else void backend.close().finally(() => process.disconnect())
})

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : 'a value that is no error was thrown'
}

async function run(model: Backend, batch: readonly Work[], nowMs: number): Promise<void> {
  aheadMs = nowMs - performance.now()
  control = createRunControl(batch, parent.send)
  const startedAt = clock.now()
  try {
    const outcomes = await model.run(batch, control)
    parent.send({ kind: 'ended', outcomes, startedAt, endedAt: clock.now(), memoryBytes: privateMemoryBytes() })
  } catch (error) {
    parent.send({ kind: 'threw', stack: describe(error) })
  } finally {
    control = undefined
  }
}

async function load({ model, spec, packPaths, executionProviders, threads, logLevel }: ModelOrder): Promise<void> {
  const logger = pino({ level: logLevel, base: { model } }, { write: line => parent.send({ kind: 'log', line }) })
  try {
    backend = await createBackend(spec, {
      packPath(name) {
        const path = packPaths[name]
        if (path === undefined) throw new Error(`the spec of ${model} names no pack ${name}`)
        return path
      },
      executionProviders,
      threads,
      logger,
      clock,
    })
    parent.send({ kind: 'ready', maxBatch: backend.maxBatch, memoryBytes: privateMemoryBytes() })
  } catch (error) {
    parent.send({ kind: 'load-failed', message: isGatewayError(error) ? error.message : describe(error) })
  }
}
