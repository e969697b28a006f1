import { z } from 'zod'
import { name } from '../field-schemas.ts'

const tier = name.optional().describe('`route`: the tier that answers.')
const restore = (usual: boolean) =>
  z
    .boolean()
    .default(usual)
    .describe('`redact` of a request: whether the answer has the data in the place of what stood for it.')
const kinds = z
  .array(z.enum(['email', 'phone', 'card', 'iban', 'ssn', 'ip', 'name']))
  .min(1)
  .optional()
  .describe('What is looked for. Default: all of it.')

const doBefore = z.enum(['refuse', 'redact', 'flag', 'route'])
const markBefore = z.enum(['refuse', 'flag', 'route'])
const doAfter = z.enum(['refuse', 'redact', 'flag'])
const markAfter = z.enum(['refuse', 'flag'])

const what = {
  injection: 'Words of users and of tools that are to turn the model against its orders.',
  'personal-data': 'Addresses, numbers and names of people.',
  secrets: 'Credentials, keys and passwords.',
  toxicity: 'Obscene and insulting words of English.',
}
const action = 'What is done with a finding.'

const beforeSchema = z.strictObject({
  injection: z
    .strictObject({ action: markBefore.describe(action), tier })
    .optional()
    .describe(what.injection),
  'personal-data': z
    .strictObject({ action: doBefore.describe(action), tier, kinds, restore: restore(true) })
    .optional()
    .describe(what['personal-data']),
  secrets: z
    .strictObject({ action: doBefore.describe(action), tier, restore: restore(false) })
    .optional()
    .describe(what.secrets),
  toxicity: z
    .strictObject({ action: doBefore.describe(action), tier, restore: restore(false) })
    .optional()
    .describe(what.toxicity),
})

const afterSchema = z.strictObject({
  injection: z
    .strictObject({ action: markAfter.describe(action) })
    .optional()
    .describe(what.injection),
  'personal-data': z
    .strictObject({ action: doAfter.describe(action), kinds })
    .optional()
    .describe(what['personal-data']),
  secrets: z
    .strictObject({ action: doAfter.describe(action) })
    .optional()
    .describe(what.secrets),
  toxicity: z
    .strictObject({ action: doAfter.describe(action) })
    .optional()
    .describe(what.toxicity),
})

const setSchema = z.strictObject({
  before: beforeSchema.prefault({}).describe('Checks of requests, before anything is estimated or asked.'),
  after: afterSchema.prefault({}).describe('Checks of answers, streamed ones too, before anybody is given them.'),
  onFault: z
    .enum(['open', 'closed'])
    .default('closed')
    .describe('Whether what could not be checked passes (`open`) or is refused (`closed`).'),
})

/** What requests and answers are checked for. */
export const guardrailsSchema = z.strictObject({
  sets: z.record(name, setSchema).default({}).describe('Sets of guardrails by name.'),
  default: name.optional().describe('The set where neither the tenant nor the ladder has one.'),
  ladders: z.record(name, name).default({}).describe('The set of a ladder.'),
  tenants: z.record(name, name).default({}).describe("The set of a tenant. It goes before the ladder's."),
})
