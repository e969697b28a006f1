import { z } from 'zod'
import { folder, name } from '../field-schemas.ts'
import { recipe } from '../recipe-schema.ts'
import { modality, task } from './task-schemas.ts'

const uncalibrated = z.strictObject({
  confidenceThreshold: z.number().min(0).max(1).describe("Least confidence of a rung's own that is accepted."),
})

/** A ladder. */
export const ladderSchema = z.strictObject({
  task: task.describe('Task of the requests that it serves.'),
  modalities: z
    .array(modality)
    .min(1)
    .optional()
    .describe('Requests that hold no other modalities use it. Default: what every rung takes.'),
  rungs: z
    .array(z.union([name, recipe]))
    .min(1)
    .describe('Models, or models with a recipe, cheapest first.'),
  fallbacks: z
    .array(z.union([name, recipe]))
    .default([])
    .describe('Rungs that are called in this order when every rung that was tried has failed.'),
  streaming: z
    .enum(['final', 'whole', 'optimistic'])
    .default('final')
    .describe(
      'When a caller who streams gets text: as it comes from a rung that no other can follow (`final`), when the answer ' +
        'is accepted (`whole`), or as it comes from the first rung, which no other follows then (`optimistic`).',
    ),
  contentFilter: z
    .enum(['stop', 'cascade'])
    .default('stop')
    .describe("Whether the next rung is asked what a model's content filter refuses."),
  retrieve: z
    .strictObject({
      index: z.string().min(1).max(63).describe("Index of the caller's tenant, by its name."),
      passages: z.int().min(1).max(20).default(4).describe('Passages that are shown to the model.'),
    })
    .optional()
    .describe('generate: answers come from passages of an index, are cited, and are held to them.'),
  cache: z
    .strictObject({
      ttlSeconds: z.int().min(1).max(2_592_000).default(3600).describe('How long an answer is given again.'),
      tools: z.boolean().default(false).describe('Conversations with tools too.'),
      semantic: z
        .strictObject({
          leastProbability: z
            .number()
            .min(0.5)
            .max(1)
            .default(0.95)
            .describe('Least calibrated probability that the question is the same.'),
        })
        .optional()
        .describe('Answers to questions that are the same in other words are given again too.'),
    })
    .optional()
    .describe('Answers are given again, each tenant its own; without it none is.'),
  policy: folder.optional().describe('Folder of the policy that decides.'),
  uncalibrated: uncalibrated
    .optional()
    .describe("Decides by the rungs' own confidence where there are no outcomes for a policy. Certifies nothing."),
})
