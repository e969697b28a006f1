import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { comparatorNames } from '#services/cli/output/compare-answers'
import { taskToWire } from '#services/wire/convert/to-wire'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part } from '#services/wire/generated/sluice/v1/Part'

const input = z.strictObject({
  id: z.string(),
  task: z.enum(['transcribe', 'ocr', 'classify', 'embed', 'generate']),
  modality: z.enum(['text', 'image', 'audio']),
  file: z.string().optional(),
  text: z.string().optional(),
  labelSet: z.string().optional(),
  labels: z.array(z.string()).optional(),
  /** Least P(correct) that the request asks for. */
  minQuality: z.number().min(0).max(1).optional(),
  expected: z.string().optional(),
  comparator: z.enum(comparatorNames).optional(),
})

/** One input of the demo, with the right answer where it is known. */
export type DemoInput = z.output<typeof input>

/** Reads the inputs of the demo. */
export function readDemoInputs(folder: string): readonly DemoInput[] {
  return z.array(input).parse(JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8')))
}

/** The request that an input makes. */
export function requestOfInput(one: DemoInput, folder: string): InferRequest {
  return {
    task: taskToWire(one.task),
    content: [partOf(one, folder)],
    options: {
      ...(one.labelSet === undefined ? {} : { labelSet: one.labelSet }),
      ...(one.labels === undefined ? {} : { labels: one.labels }),
    },
    constraints: {
      deadline: { seconds: deadlineSeconds, nanos: 0 },
      ...(one.minQuality === undefined ? {} : { minQuality: one.minQuality }),
    },
  }
}

/** Enough for the whole ladder on a slow machine: the demo is about answers, not about haste. */
const deadlineSeconds = 120

function partOf({ modality, file, text = '' }: DemoInput, folder: string): Part {
  if (file === undefined) return { text }
  const bytes = readFileSync(join(folder, file))
  return modality === 'audio' ? { audio: { bytes } } : { image: { bytes } }
}
