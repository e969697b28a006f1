import { z } from 'zod'
import { capabilities } from '#services/contract/capabilities'
import { backend } from '../backend-schema.ts'
import { count, name } from '../field-schemas.ts'
import { priceSchema } from '../money-schema.ts'
import { modality, task } from './task-schemas.ts'

const card = z.strictObject({
  title: z.string().min(1).optional().describe('Name for people.'),
  licence: z.string().min(1).optional().describe('Licence of the weights.'),
  source: z.string().min(1).optional().describe('Where the weights come from.'),
  trainingData: z.string().min(1).optional().describe('What the model was trained on.'),
  limits: z.string().min(1).optional().describe('What the model cannot do.'),
  parameters: count.optional().describe('Number of parameters.'),
})

/** A model. */
export const modelSchema = z.strictObject({
  pool: name.describe('Pool whose workers run it.'),
  tasks: z.array(task).min(1).describe('Tasks it does.'),
  modalities: z
    .array(modality)
    .min(1)
    .optional()
    .describe('Modalities it takes together. Default: what its tasks need, and images where its backend has `vision`.'),
  backend: backend.describe('How it is computed.'),
  takes: z
    .array(z.enum(capabilities))
    .optional()
    .describe('What requests may ask of it beside what its protocol carries.'),
  lacks: z
    .array(z.enum(capabilities))
    .optional()
    .describe('What its protocol carries and it cannot. Requests that ask for it go to other models.'),
  price: priceSchema
    .optional()
    .describe('What it costs. A model without a price is no candidate where money is limited.'),
  imageTokens: count
    .optional()
    .describe('Most tokens that its server counts for one image, if more than 2,560. So much is reserved.'),
  card: card.optional().describe('What `ListModels` tells people about it.'),
})
