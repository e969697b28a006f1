import { z } from 'zod'
import { domainSchema } from '#services/decision/domain/domain-schema'
import { policyReferenceSchema } from './reference.ts'

const finite = z.number()
const ratio = z.number().min(0).max(1)
const scaling = { names: z.array(z.string()), means: z.array(finite), scales: z.array(z.number().positive()) }
const calibrator = z.strictObject({ ...scaling, weights: z.array(finite), bias: finite })
/** A plain name: a policy reads nothing outside its folder. */
const fileName = z.string().regex(/^(?!.*\.\.)[A-Za-z0-9._-]+$/u, 'expected a plain file name')
const usd = z.number().min(0)

const matrix = z.array(z.array(finite))
const labelModel = z
  .strictObject({
    labels: z.array(z.string().min(1)).min(2),
    /** By label. */
    bias: z.array(finite),
    /**
     * By model: how sure it usually is, as a logit; and by the label that it says, what that adds to the logit of
     * each.
     */
    voters: z.record(
      z.string(),
      z.strictObject({ mean: finite, scale: z.number().positive(), said: matrix, sure: matrix, surer: matrix }),
    ),
  })
  .refine(
    ({ labels: { length }, bias, voters }) => {
      const isSquare = (lines: readonly number[][]): boolean => isLong(lines) && lines.every(isLong)
      const isLong = (line: readonly unknown[]): boolean => line.length === length
      return isLong(bias) && Object.values(voters).every(one => [one.said, one.sure, one.surer].every(isSquare))
    },
    { message: 'its weights are not of as many labels' },
  )

const qualityPoint = z.strictObject({
  /** Rungs that may be called, from cheap to expensive. */
  models: z.array(z.string()).min(1),
  /** Where a cascade starts: at the cheapest of them, or at the one predicted to be worth most. */
  first: z.enum(['cheapest', 'predicted']),
  /** Score that a dollar must bring. */
  costWeight: z.number().min(0),
  /** Instead of utility: an answer is taken from this P(correct) on, and the next rung is called below it. */
  acceptAt: ratio.optional(),
  meanScore: ratio,
  meanCostUsd: usd,
  escalationRatio: ratio,
})

const riskPoint = z.strictObject({
  /** Rungs that are called in turn; the last is the ladder's most expensive. */
  models: z.array(z.string()).min(1),
  /** An answer is accepted when its predicted loss is at most this. */
  predictedLoss: ratio,
  /** Losses among the certifying rows and the bound on the marginal risk. */
  losses: z.int().min(0),
  riskBound: ratio,
  /** Losses among accepted answers. */
  selectiveRisk: ratio,
  meanCostUsd: usd,
  escalationRatio: ratio,
})

/** The schema that calibration writes and gateways read; raised with every change of what policies mean. */
export const policySchemaNumber = 8

/** What `policy.json` holds. */
export const policySchema = z
  .strictObject({
    /** A build that does not make the features of a schema must not judge by it. */
    schema: z.literal(policySchemaNumber),
    /** From cheap to expensive. */
    models: z.array(z.string()).min(1),
    files: z.record(fileName, z.string().regex(/^[0-9a-f]{64}$/u)),
    estimator: z.strictObject({
      file: fileName,
      ...scaling,
      /** Whether hashed grams of the text are inputs. */
      grams: z.boolean(),
      /** Whether the embedding of the text is an input. */
      embedding: z.boolean(),
    }),
    /**
     * The encoder of texts that estimator or domain were fitted with, where there is one: with other weights they
     * are worth nothing.
     */
    encoder: z
      .strictObject({
        pack: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u),
        sha256: z.string().regex(/^[0-9a-f]{64}$/u),
        tokens: z.int().min(8).max(8192),
        dimensions: z.int().min(1).max(65_536),
      })
      .optional(),
    /** What requests like those that it was fitted on look like; absent where rows were few or without content. */
    domain: domainSchema.optional(),
    /** What calls of a model usually come to, and its mean score. */
    usual: z.record(
      z.string(),
      z.strictObject({ costUsd: usd, latencyMs: z.number().min(0), outputChars: z.number().min(0), quality: ratio }),
    ),
    /** False where costs were not known: then every cost is the share of calls to the most expensive model. */
    costsKnown: z.boolean(),
    /** P(correct) of a model's answer. */
    calibrators: z.record(z.string(), calibrator),
    /** What the labels of several models say together, where answers are of few labels. */
    labelModel: labelModel.optional(),
    /**
     * By `a>b`: half of one plus half of what is gained when b is called after a, whatever came before, and the
     * answer most likely right is taken.
     */
    prospects: z.record(z.string(), calibrator),
    decision: z.strictObject({
      /** The point of the path to run at when a caller sets no limit. */
      chosen: z.int().min(0),
      rule: z.string(),
      /** From cheap to expensive; each point costs less than any other mix of the same score. */
      path: z.array(qualityPoint).min(1),
    }),
    risk: z.strictObject({
      kind: z.literal('marginal'),
      delta: ratio,
      fittedRows: z.int().min(0),
      certifyingRows: z.int().min(0),
      method: z.string(),
      /** P(loss) when a model's answer is accepted. */
      calibrators: z.record(z.string(), calibrator),
      /** In the order in which limits are tested, safest first. */
      path: z.array(riskPoint),
    }),
    /** Distribution of the inputs of the fit, from which gateways detect drift. */
    reference: policyReferenceSchema,
    data: z.strictObject({ rows: z.int().min(1), sha256: z.string(), seed: z.int(), datasets: z.array(z.string()) }),
  })
  .refine(policy => policy.estimator.file in policy.files, {
    path: ['files'],
    message: 'the estimator is not listed, so it could not be checked',
  })
  .refine(({ files, domain }) => domain === undefined || domain.file in files, {
    path: ['files'],
    message: 'the domain is not listed, so it could not be checked',
  })
  .refine(hasItsEncoder, { path: ['encoder'], message: 'estimator or domain ask for one' })
  .refine(hasItsLabelModel, { path: ['labelModel'], message: 'its calibrators ask for one of all the models' })
  .refine(policy => policy.decision.chosen < policy.decision.path.length, {
    path: ['decision', 'chosen'],
    message: 'there is no such point',
  })

function hasItsEncoder({
  encoder,
  estimator,
  domain,
}: {
  readonly encoder?: { readonly dimensions: number } | undefined
  readonly estimator: { readonly embedding: boolean }
  readonly domain?: z.output<typeof domainSchema> | undefined
}): boolean {
  const meaning = domain?.meaning
  if (encoder === undefined) return !estimator.embedding && meaning === undefined
  return meaning === undefined || meaning.dimensions === encoder.dimensions
}

/** Calibrators of label combinations would predict differently without one of the models. */
function hasItsLabelModel({
  models,
  calibrators,
  labelModel: found,
}: {
  readonly models: readonly string[]
  readonly calibrators: Readonly<Record<string, z.output<typeof calibrator>>>
  readonly labelModel?: z.output<typeof labelModel> | undefined
}): boolean {
  const asks = Object.values(calibrators).some(({ names }) => names.includes('=labels.odds'))
  return !asks || (found !== undefined && models.every(model => Object.hasOwn(found.voters, model)))
}

/** A policy as stored in its folder. */
export type PolicyFile = Readonly<z.output<typeof policySchema>>
/** What the labels of several models say together of the true one: a multinomial logit. */
export type LabelModel = z.output<typeof labelModel>
/** A fitted calibrator: ridge logistic regression on standardised features. */
export type Calibrator = PolicyFile['calibrators'][string]
/** One point of the path of cost against score. */
export type QualityPoint = z.output<typeof qualityPoint>
/** One point of the path that risk limits are certified on. */
export type RiskPoint = z.output<typeof riskPoint>
