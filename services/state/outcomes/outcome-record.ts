import { z } from 'zod'

const numbers = z.record(z.string(), z.number())

const rung = z.strictObject({
  /** What the model said of its own answer, before calibration. */
  rawConfidence: z.number(),
  /** P(correct) by the policy of its time. */
  confidence: z.number(),
  signals: numbers,
  /**
   * A label of a trained set, else a digest with a salt that is thrown away: it tells which rungs of this record
   * agree, and nothing else.
   */
  answer: z.string(),
  outputChars: z.number(),
  costNanoUsd: z.number(),
  latencyMs: z.number(),
  score: z.number().min(0).max(1).optional(),
  /**
   * Where the score is from: the caller, a corrected answer, or agreement with the most expensive rung, which is a
   * stand-in for the truth.
   */
  scoreBy: z.enum(['caller', 'correction', 'agreement']).optional(),
})

/**
 * One request with what its rungs made of it and how good that was: what a refit learns from. It holds no content
 * but `text`, which is there only where the configuration allows it.
 */
export const outcomeRecordSchema = z.strictObject({
  version: z.literal(1),
  requestId: z.string(),
  at: z.number(),
  task: z.string(),
  ladder: z.string(),
  /** Every rung of the ladder, from cheap to expensive. */
  ladderRungs: z.array(z.string()),
  policyVersion: z.string(),
  source: z.enum(['feedback', 'shadow']),
  /** The rung whose answer the caller got. */
  delivered: z.string(),
  features: numbers,
  text: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  rungs: z.record(z.string(), rung),
})

/** One row of experience. */
export type OutcomeRecord = Readonly<z.output<typeof outcomeRecordSchema>>
/** What one rung made of a request. */
export type RungOutcome = Readonly<z.output<typeof rung>>
