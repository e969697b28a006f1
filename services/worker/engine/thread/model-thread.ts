import { parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { systemClock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import type { Backend } from '#services/worker/backends/backend'
import type { Work } from '#services/worker/states'
import { createBackend } from '#services/worker/backends/create-backend'
import type { FromThread, ThreadBirth, ToThread } from './messages.ts'
import { createRunControl, type ThreadRunControl } from './run-control.ts'

/* The entry of a model's thread: loads the model, then computes one batch at a time until it is told to close. */

const port = parentPort
if (port === null) throw new Error('model-thread is the entry of a worker thread')
const birth = workerData as ThreadBirth
const post = (message: FromThread): void => port.postMessage(message)
const logger = pino(
  { level: birth.logLevel, base: { model: birth.model } },
  { write: line => post({ kind: 'log', line }) },
)

let control: ThreadRunControl | undefined

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : 'a value that is no error was thrown'
}

async function run(backend: Backend, batch: readonly Work[]): Promise<void> {
  control = createRunControl(batch, birth.unwanted, post)
  const startedAt = Date.now()
  try {
    const outcomes = await backend.run(batch, control)
    post({ kind: 'ended', outcomes, startedAt, endedAt: Date.now() })
  } catch (error) {
    post({ kind: 'threw', stack: describe(error) })
  } finally {
    control = undefined
  }
}

async function load(): Promise<Backend | undefined> {
  try {
    return await createBackend(birth.spec, {
      packPath(name) {
        const path = birth.packPaths[name]
        if (path === undefined) throw new Error(`the spec of ${birth.model} names no pack ${name}`)
        return path
      },
      executionProviders: birth.executionProviders,
      threads: birth.threads,
      logger,
      clock: systemClock,
    })
  } catch (error) {
    post({ kind: 'load-failed', message: isGatewayError(error) ? error.message : describe(error) })
    return undefined
  }
}

const backend = await load()
if (backend === undefined) port.close()
else {
  port.on('message', (message: ToThread) => {
    if (message.kind === 'run') void run(backend, message.batch)
    else if (message.kind === 'unwanted') control?.unwanted(message.legId)
    else if (message.kind === 'delta-taken') control?.deltaTaken(message.legId)
    else void backend.close().finally(() => port.close())
  })
  post({ kind: 'ready', maxBatch: backend.maxBatch })
}
