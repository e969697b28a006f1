import { createReadStream } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { meantBy } from '#services/config/checks/config-fault'
import { expectedWords } from '#services/platform/process/expected-words'
import { CommandFault } from './failure.ts'
import { isWithin, rangeText, requestRanges, type NumberRange } from './number-option.ts'
import { requestOf, tasks, type RequestOptions } from './request-options.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** One of many requests; its files are read when its turn comes. */
export interface NamedRequest {
  /** How its answer is printed. */
  readonly id: string | number
  /** @throws CommandFault */
  readonly make: () => InferRequest
}

/** The requests of files that are named one after the other, each of its own. @throws CommandFault */
export function requestsOfFiles(options: RequestOptions, files: readonly string[]): readonly NamedRequest[] {
  if (options.idempotencyKey !== undefined && files.length > 1) {
    throw new CommandFault('--idempotency-key is of one request: with --jsonl each row may have its own')
  }
  return files.map(file => ({ id: file, make: () => requestOf(options, [file]) }))
}

const list = z.union([z.string().transform(one => [one]), z.array(z.string())], 'the path of a file, or a list of them')
function numberIn(range: NumberRange): z.ZodOptional<z.ZodNumber> {
  return z
    .number(rangeText(range))
    .refine(value => isWithin(value, range), rangeText(range))
    .optional()
}
const row = z.strictObject({
  id: z.union([z.string(), z.number()], 'text or a number').optional(),
  task: z.enum(tasks).optional(),
  text: z.string().optional(),
  image: list.optional(),
  audio: list.optional(),
  labels: z.array(z.string()).min(1).optional(),
  labelSet: z.string().optional(),
  language: z.string().optional(),
  instruction: z.string().optional(),
  maxOutputTokens: numberIn(requestRanges.maxOutputTokens),
  temperature: numberIn(requestRanges.temperature),
  deadlineSeconds: numberIn(requestRanges.deadlineSeconds),
  maxCostUsd: numberIn(requestRanges.maxCostUsd),
  maxRisk: numberIn(requestRanges.maxRisk),
  minQuality: numberIn(requestRanges.minQuality),
  model: z.string().optional(),
  tier: z.string().optional(),
  session: z.string().optional(),
  idempotencyKey: z.string().optional(),
})

/**
 * The requests of a file of JSON lines, one a line, or of standard input (`-`). What a row says goes before the
 * options; files that it names stand relative to the file of rows. A row that cannot be read is a request that
 * cannot be made: it stops no other.
 */
export async function* requestsOfRows(options: RequestOptions, file: string): AsyncGenerator<NamedRequest> {
  const input = file === '-' ? process.stdin : createReadStream(file)
  const folder = file === '-' ? process.cwd() : dirname(file)
  let number = 0
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1
      if (line.trim() !== '') yield requestOfRow(line, number, folder, options)
    }
  } catch (error) {
    throw new CommandFault(`${file}: it cannot be read: ${fileFaultText(error)}`, { cause: error })
  }
}

function requestOfRow(line: string, number: number, folder: string, options: RequestOptions): NamedRequest {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return faulty(number, number, 'expected a JSON object, and this is not JSON')
  }
  const parsed = row.safeParse(value, { error: expectedWords })
  if (!parsed.success) return faulty(idOf(value) ?? number, number, parsed.error.issues.flatMap(faultsOf).join('; '))
  const { id = number, image, audio, ...rest } = parsed.data
  const beside = (paths: readonly string[]): readonly string[] =>
    paths.map(path => (isAbsolute(path) ? path : join(folder, path)))
  const files = {
    ...(image === undefined ? {} : { image: beside(image) }),
    ...(audio === undefined ? {} : { audio: beside(audio) }),
  }
  return {
    id,
    make() {
      try {
        return requestOf({ ...options, ...optionsOf(rest), ...files }, [])
      } catch (error) {
        throw error instanceof CommandFault
          ? new CommandFault(`line ${number}: ${error.message}`, { cause: error })
          : error
      }
    },
  }
}

/** The fields of a row, in the order in which the documentation has them. */
export const rowFields: readonly string[] = Object.keys(row.shape)

function faultsOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== 'unrecognized_keys')
    return [`${issue.path.map(part => `${String(part)}: `).join('')}expected ${issue.message}`]
  return issue.keys.map(key => {
    const meant = meantBy(key, rowFields)
    return `${key}: there is no such field${meant === undefined ? `; the fields are ${rowFields.join(', ')}` : `; did you mean ${meant}?`}`
  })
}

/** The id of a row that is faulty elsewhere. */
function idOf(value: unknown): string | number | undefined {
  const given = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined
  return typeof given === 'string' || typeof given === 'number' ? given : undefined
}

function faulty(id: string | number, number: number, why: string): NamedRequest {
  return {
    id,
    make() {
      throw new CommandFault(`line ${number}: ${why}`)
    },
  }
}

/** A row's fields as the command line would have them. */
function optionsOf({
  labels,
  deadlineSeconds,
  maxCostUsd,
  ...fields
}: Omit<z.output<typeof row>, 'id' | 'image' | 'audio'>): RequestOptions {
  const given = {
    ...fields,
    ...(labels === undefined ? {} : { labels: labels.join(',') }),
    ...(deadlineSeconds === undefined ? {} : { deadline: deadlineSeconds }),
    ...(maxCostUsd === undefined ? {} : { maxCost: maxCostUsd }),
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )
}
