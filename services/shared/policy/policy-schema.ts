import { z } from 'zod'

const finite = z.number()
const ratio = z.number().min(0).max(1)
const scaling = { names: z.array(z.string()), means: z.array(finite), scales: z.array(z.number().positive()) }

const judge = z.strictObject({ ...scaling, weights: z.array(finite), bias: finite })

const pathPoint = z.strictObject({
  /** Answers from this calibrated confidence on are accepted. */
  threshold: z.number().min(0),
  meanScore: ratio,
  meanCostUsd: z.number().min(0),
  escalationRatio: ratio,
  /** Losses among the certifying rows and the bound on the marginal risk. */
  losses: z.int().min(0),
  riskBound: ratio,
})

/** What `policy.json` holds. */
export const policySchema = z.strictObject({
  schema: z.literal(1),
  /** Cheap to dear. */
  models: z.array(z.string()).min(1),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/u)),
  estimator: z.strictObject({ file: z.string(), ...scaling }),
  usual: z.record(
    z.string(),
    z.strictObject({ costUsd: z.number().min(0), latencyMs: z.number().min(0), outputChars: z.number().min(0) }),
  ),
  judges: z.record(z.string(), judge),
  decision: z.strictObject({
    threshold: z.number().min(0),
    /** How the threshold was chosen. */
    rule: z.string(),
    path: z.array(pathPoint).min(1),
  }),
  risk: z.strictObject({ kind: z.literal('marginal'), delta: ratio, rows: z.int().min(1), method: z.string() }),
  data: z.strictObject({ rows: z.int().min(1), sha256: z.string(), seed: z.int(), datasets: z.array(z.string()) }),
})

/** A policy as it lies in its folder. */
export type PolicyFile = Readonly<z.output<typeof policySchema>>
/** A fitted judge of one model's answers: ridge logistic regression on standardised signs. */
export type Judge = PolicyFile['judges'][string]
/** One point of the one-parameter path of policies. */
export type PathPoint = z.output<typeof pathPoint>
