import type { Config } from '#services/config/schema'

/** A rung without a confidence, on a ladder without a policy. */
export interface BlindRung {
  readonly ladder: string
  readonly rung: string
  /** For a person: what follows from it, and what helps. */
  readonly message: string
}

/** The confidence of a model that reports none. */
const unknownConfidence = 0.5

const help =
  'Give the rung `samples` (how many of several answers agree) or a `verifier`, or fit a policy on outcomes (`sluice calibrate`), which judges an answer by its length and shape too'

/**
 * Finds the rungs whose servers return no probabilities, so that their confidence is 0.500 whatever they answer: on
 * an uncalibrated ladder then every request pays for the next rung, or none ever does.
 */
export function blindRungs({ ladders, models }: Config): readonly BlindRung[] {
  return Object.entries(ladders).flatMap(([ladder, { task, rungs, uncalibrated }]) => {
    if (uncalibrated === undefined) return []
    const { confidenceThreshold } = uncalibrated
    // Nothing follows on the last one, whatever it is trusted.
    return rungs.slice(0, -1).flatMap(rung => {
      const { model, samples = 1, verifier } = typeof rung === 'string' ? { model: rung } : rung
      const backend = models[model]?.backend
      const measured = samples > 1 || verifier !== undefined || backend === undefined || measuresTrust(backend, task)
      if (measured) return []
      const follows =
        unknownConfidence < confidenceThreshold
          ? `below the threshold of ${confidenceThreshold}, so every request goes on to the next rung and pays for both`
          : `at or above the threshold of ${confidenceThreshold}, so no request ever goes on to the next rung`
      return [
        {
          ladder,
          rung: model,
          message: `its server returns no log-probabilities: its confidence is always 0.500, ${follows}. ${help}`,
        },
      ]
    })
  })
}

type Backend = Config['models'][string]['backend']
type Task = Config['ladders'][string]['task']

/** Whether answers of a model to a task come with a measure of trust. */
function measuresTrust(backend: Backend, task: Task): boolean {
  if (task === 'transcribe') return backend.kind !== 'openai' || backend.segments
  if (task !== 'generate') return true
  if (backend.kind === 'anthropic') return false
  if (backend.kind === 'openai' || backend.kind === 'gemini') return backend.logprobs
  return backend.kind !== 'oip' || backend.score !== undefined
}
