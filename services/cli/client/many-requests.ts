import { createReadStream } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { CommandFault } from './failure.ts'
import { requestOf, tasks, type RequestOptions } from './request-options.ts'

/** One of many requests; its files are read when its turn comes. */
export interface NamedRequest {
  /** What its answer is told by. */
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

const list = z.union([z.string().transform(one => [one]), z.array(z.string())], 'a text, or a list of texts')
const row = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  task: z.enum(tasks).optional(),
  text: z.string().optional(),
  image: list.optional(),
  audio: list.optional(),
  labels: z.array(z.string()).min(1).optional(),
  labelSet: z.string().optional(),
  language: z.string().optional(),
  instruction: z.string().optional(),
  maxOutputTokens: z.number().optional(),
  temperature: z.number().optional(),
  deadlineSeconds: z.number().optional(),
  maxCostUsd: z.number().optional(),
  maxRisk: z.number().optional(),
  minQuality: z.number().optional(),
  model: z.string().optional(),
  tier: z.string().optional(),
  session: z.string().optional(),
  idempotencyKey: z.string().optional(),
})

/**
 * The requests of a file of JSON lines, one a line, or of standard input (`-`). What a row says goes before the options; files that it names
 * stand relative to the file of rows. A row that cannot be read is a request that cannot be made: it stops no other.
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
    throw new CommandFault(`${file} cannot be read`, { cause: error })
  }
}

function requestOfRow(line: string, number: number, folder: string, options: RequestOptions): NamedRequest {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return faulty(number, number, 'not JSON')
  }
  const parsed = row.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    return faulty(number, number, `${at}${issue?.message ?? 'not a request'}`)
  }
  const { id = number, image, audio, ...rest } = parsed.data
  const beside = (paths: readonly string[]): readonly string[] =>
    paths.map(path => (isAbsolute(path) ? path : join(folder, path)))
  const files = {
    ...(image === undefined ? {} : { image: beside(image) }),
    ...(audio === undefined ? {} : { audio: beside(audio) }),
  }
  return { id, make: () => requestOf({ ...options, ...optionsOf(rest), ...files }, []) }
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
