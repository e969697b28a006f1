import { z } from 'zod'

const count = z.int().min(1).max(65_536)
/** The middle of what rows inside the domain measure, and the distance of their 98th percentile. */
const scale = z.strictObject({ middle: z.number(), span: z.number().positive() })
const cloud = z.strictObject({
  dimensions: count,
  centres: count,
  variances: z.array(z.number().min(0)),
  rest: z.number().positive(),
  /** Of the logarithms of both distances. */
  far: scale,
  near: scale,
})

/**
 * What `policy.json` says of the rows that a policy was fitted on, by which a request that is unlike them is told.
 * The numbers of its clouds are in a file.
 */
export const domainSchema = z.strictObject({
  file: z.string().regex(/^(?!.*\.\.)[A-Za-z0-9._-]+$/u, 'expected a plain file name'),
  rows: z.int().min(1),
  /** What a guess scores: the chance that the answers of two rows are the same, and 0 where answers are free text. */
  chance: z.number().min(0).max(1),
  /** Every label that an answer was, where all of them were of few labels. */
  labels: z.array(z.string()).optional(),
  /**
   * By model, where answers are free text to media: how much of its own confidence holds of inputs that are unlike all
   * rows, and the share of right answers in the group of rows that has the least.
   */
  outside: z
    .record(
      z.string(),
      z.strictObject({ bias: z.number(), sure: z.number(), doubt: z.number(), quality: z.number().min(0).max(1) }),
    )
    .optional(),
  features: cloud.extend({
    names: z.array(z.string()).min(1),
    means: z.array(z.number()),
    scales: z.array(z.number().positive()),
  }),
  words: z.strictObject({ buckets: count, usual: z.number(), scale }).optional(),
  meaning: cloud
    .extend({
      /** Centres of everyday texts, and the scale of how much nearer a request is to these than to the rows. */
      everyday: z.strictObject({ centres: count, scale }),
    })
    .optional(),
  /** Of all that is known before an encoder has spoken, and of all together. */
  plain: scale,
  whole: scale.optional(),
})

/** The domain of a policy as stored, without its file. */
export type DomainFile = Readonly<z.output<typeof domainSchema>>
/** One cloud's numbers beside those in the file. */
export type CloudFile = Readonly<z.output<typeof cloud>>
/** Median and spread of a measure. */
export type Scale = Readonly<z.output<typeof scale>>
