import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { startCallers, type CallersOptions } from './callers.ts'
import { deploy, type Deployment, type DeploymentOptions } from './deployment.ts'
import { watchMachineDelay } from './machine-delay.ts'
import { startModelServer } from './model-server.ts'
import { reportOf, type FaultReport } from './report.ts'

/** A fault as it is played. */
export interface FaultPlay {
  readonly deployment: Omit<DeploymentOptions, 'modelUrl'>
  /** How long the stand-in model server takes to answer. */
  readonly modelDelayMs?: number
  /** Load before, and after the fault. */
  readonly beforeMs?: number
  readonly afterMs: number
  readonly load?: CallersOptions
  /** Makes the fault and ends it. */
  fault(deployment: Deployment): Promise<void>
  /** Where the ledger's counters lie afterwards. */
  books?(): Promise<Redis> | Redis
}

/** Plays a fault under load with real processes and says what it came to. */
export async function playFault(play: FaultPlay): Promise<FaultReport> {
  const models = await startModelServer(play.modelDelayMs === undefined ? {} : { delayMs: play.modelDelayMs })
  let deployment: Deployment | undefined
  try {
    deployment = await deploy({ ...play.deployment, modelUrl: models.baseUrl })
    const machine = watchMachineDelay()
    const callers = startCallers(deployment, play.load)
    await sleep(play.beforeMs ?? 2000)
    const beganAt = Date.now()
    await play.fault(deployment)
    const endedAt = Date.now()
    await sleep(play.afterMs)
    await callers.stop()
    const machineDelay = await machine.stop()
    const books = await play.books?.()
    return await reportOf({
      callers,
      deployment,
      models,
      times: { beganAt, endedAt },
      machineDelay,
      ...(books === undefined ? {} : { books }),
    })
  } finally {
    await deployment?.stop()
    await models.close()
  }
}
