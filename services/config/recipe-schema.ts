import { z } from 'zod'
import { reasoningEfforts, serviceTiers } from '#services/contract/content'
import { count, name } from './field-schemas.ts'
import { priceSchema } from './money-schema.ts'

const pattern = z.string().refine(isPattern, 'a regular expression')

const verifier = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('regex'), pattern: pattern.describe('What the answer must match.') }),
    z.strictObject({
      kind: z.literal('json-schema'),
      schema: z.record(z.string(), z.unknown()).describe('Schema of the answer (draft 2020-12).'),
    }),
    z.strictObject({
      kind: z.literal('tests'),
      language: z.literal('javascript').describe('Language of the program in the answer.'),
      cases: z
        .array(
          z
            .strictObject({
              call: z.string().min(1).max(10_000).describe('Expression that is evaluated after the program.'),
              gives: z.json().optional().describe('Value that it must have.'),
              throws: z.literal(true).optional().describe('Whether it must throw instead.'),
            })
            .refine(
              one => (one.gives === undefined) !== (one.throws === undefined),
              'either `gives` or `throws: true`',
            ),
        )
        .min(1)
        .max(64)
        .describe('What the program must do.'),
      timeoutMs: count.max(30_000).optional().describe('Most time of one program.'),
    }),
    z.strictObject({
      kind: z.literal('model'),
      model: name.describe('Model that judges.'),
      promptTemplate: z
        .string()
        .refine(text => text.includes('{question}') && text.includes('{answer}'), 'a text with {question} and {answer}')
        .optional()
        .describe('How it is asked for yes or no.'),
    }),
  ],
  'one of regex, json-schema, tests, model',
)

/** A rung: a model with the recipe by which it is asked. */
export const recipe = z.strictObject({
  model: name.describe('Model that is asked.'),
  recipe: name.optional().describe('Name of the recipe; the rung is `<model>@<recipe>`.'),
  promptTemplate: z.string().optional().describe('Prompt, with `{input}` where the content goes.'),
  system: z.string().optional().describe('System prompt.'),
  examples: z
    .array(
      z.strictObject({
        input: z.string().min(1).describe('Input of the example.'),
        output: z.string().min(1).describe('Answer of the example.'),
      }),
    )
    .optional()
    .describe('Examples that precede the input.'),
  adapter: z.string().optional().describe('Adapter of the model.'),
  temperature: z.number().min(0).max(2).optional().describe('Sampling temperature.'),
  topP: z.number().min(0).max(1).optional().describe('Nucleus sampling.'),
  seed: z.int().optional().describe('Seed of sampling.'),
  stop: z.array(z.string().min(1)).max(4).optional().describe('Texts that end the answer.'),
  maxOutputTokens: count.optional().describe('Cap of the answer.'),
  reasoningEffort: z
    .enum(reasoningEfforts)
    .optional()
    .describe('How much the model thinks, where a request says nothing.'),
  serviceTier: z
    .enum(serviceTiers)
    .optional()
    .describe('Tier of the provider, such as `flex`. Requests that ask for another tier do not use the rung.'),
  price: priceSchema.optional().describe('What the rung costs, if not what its model does: another tier, for one.'),
  answerPattern: pattern
    .optional()
    .describe('What is cut out of the text as the answer: the first group, or the match.'),
  samples: z.int().min(1).max(16).optional().describe('Samples; the confidence is the share that agrees.'),
  repair: z
    .boolean()
    .optional()
    .describe('Asks once more, with what the validator found, where an answer is not of the wanted shape.'),
  readers: z
    .strictObject({
      audio: name.optional().describe('Model with task `transcribe` that gives the words of sound.'),
      image: name.optional().describe('Model with task `ocr` that gives the text in pictures.'),
    })
    .optional()
    .describe('Models of the same pool, or on servers, that read media first. The model gets the words.'),
  verifier: verifier.optional().describe('Checks the answer.'),
})

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').source !== ''
  } catch {
    return false
  }
}
