import { z } from 'zod'
import { count, name } from './field-schemas.ts'

const pattern = z.string().refine(isPattern, 'a regular expression')

const verifier = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('regex'), pattern }),
    z.strictObject({ kind: z.literal('json-schema'), schema: z.record(z.string(), z.unknown()) }),
    z.strictObject({
      kind: z.literal('tests'),
      language: z.literal('javascript'),
      cases: z
        .array(
          z
            .strictObject({
              call: z.string().min(1).max(10_000),
              gives: z.json().optional(),
              throws: z.literal(true).optional(),
            })
            .refine(
              one => (one.gives === undefined) !== (one.throws === undefined),
              'either `gives` or `throws: true`',
            ),
        )
        .min(1)
        .max(64),
      timeoutMs: count.max(30_000).optional(),
    }),
    z.strictObject({
      kind: z.literal('model'),
      model: name,
      promptTemplate: z
        .string()
        .refine(text => text.includes('{question}') && text.includes('{answer}'), 'a text with {question} and {answer}')
        .optional(),
    }),
  ],
  'one of regex, json-schema, tests, model',
)

/** A rung: a model with the recipe by which it is asked. */
export const recipe = z.strictObject({
  model: name,
  recipe: name.optional(),
  promptTemplate: z.string().optional(),
  system: z.string().optional(),
  examples: z.array(z.strictObject({ input: z.string().min(1), output: z.string().min(1) })).optional(),
  adapter: z.string().optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).max(4).optional(),
  maxOutputTokens: count.optional(),
  answerPattern: pattern.optional(),
  samples: z.int().min(1).max(16).optional(),
  verifier: verifier.optional(),
})

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').source !== ''
  } catch {
    return false
  }
}
