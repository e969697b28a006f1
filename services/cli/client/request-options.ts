import { existsSync, readFileSync } from 'node:fs'
import type { Task } from '#services/contract/content'
import { fromUsd } from '#services/contract/money'
import { durationToWire } from '#services/wire/convert/time'
import { taskToWire } from '#services/wire/convert/to-wire'
import type { Constraints } from '#services/wire/generated/sluice/v1/Constraints'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import type { TaskOptions } from '#services/wire/generated/sluice/v1/TaskOptions'
import { CommandFault } from './failure.ts'
import { partOfFile } from './message-size.ts'
import { readNumber, requestRanges, type NumberRange } from './number-option.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** What may be asked for. */
export const tasks = [
  'transcribe',
  'ocr',
  'classify',
  'embed',
  'generate',
  'generate_image',
] as const satisfies readonly Task[]

/** The options by which a request is described. */
export interface RequestOptions {
  readonly text?: string
  readonly image?: readonly string[]
  readonly audio?: readonly string[]
  readonly video?: readonly string[]
  readonly document?: readonly string[]
  readonly task?: Task
  /** The words are files of this task. */
  readonly ocr?: boolean
  readonly transcribe?: boolean
  readonly labelSet?: string
  readonly labels?: string
  readonly language?: string
  readonly timestamps?: string
  readonly instruction?: string
  readonly maxOutputTokens?: string
  readonly temperature?: string
  readonly index?: string
  readonly passages?: string
  readonly size?: string
  readonly quality?: string
  readonly deadline?: string
  readonly maxCost?: string
  readonly maxRisk?: string
  readonly minQuality?: string
  readonly model?: string
  readonly tier?: string
  readonly adapter?: string
  readonly session?: string
  readonly priority?: 'interactive' | 'normal' | 'batch' | 'sheddable'
  readonly idempotencyKey?: string
}

const priorities = {
  interactive: 'PRIORITY_INTERACTIVE',
  normal: 'PRIORITY_NORMAL',
  batch: 'PRIORITY_BATCH',
  sheddable: 'PRIORITY_SHEDDABLE',
} as const

/** Makes the request that options and the words after them describe. @throws CommandFault */
export function requestOf(options: RequestOptions, words: readonly string[]): InferRequest {
  const content = contentOf(options, words)
  const task = fileTaskOf(options) ?? options.task
  return {
    // Without one the gateway infers it, or lists the choices.
    ...(task === undefined ? {} : { task: taskToWire(task) }),
    content,
    options: taskOptionsOf(options),
    constraints: constraintsOf(options),
    ...(options.session === undefined ? {} : { sessionKey: options.session }),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
  }
}

/** The task that words are files of. @throws CommandFault when two are named */
export function fileTaskOf({ ocr, transcribe, task }: RequestOptions): 'ocr' | 'transcribe' | undefined {
  const named = [...(ocr === true ? (['ocr'] as const) : []), ...(transcribe === true ? (['transcribe'] as const) : [])]
  const [first] = named
  if (named.length > 1 || (first !== undefined && task !== undefined && task !== first)) {
    throw new CommandFault(
      `one task at a time: ${[...named.map(one => `--${one}`), ...(task === undefined ? [] : [`--task ${task}`])].join(' and ')}`,
    )
  }
  return first
}

function contentOf(options: RequestOptions, words: readonly string[]): Part[] {
  const fileTask = fileTaskOf(options)
  if (fileTask !== undefined && words.length > 1) throw new CommandFault('several files: only `infer` takes them')
  const text = textOf(options, fileTask === undefined ? words : [])
  const filesOf = (task: 'ocr' | 'transcribe'): readonly string[] => (fileTask === task ? words : [])
  const content: Part[] = [
    ...(text === '' ? [] : [{ text }]),
    ...[...(options.image ?? []), ...filesOf('ocr')].map(file => partOfFile({ image: { bytes: read(file) } }, file)),
    ...[...(options.audio ?? []), ...filesOf('transcribe')].map(file =>
      partOfFile({ audio: { bytes: read(file) } }, file),
    ),
    ...(options.video ?? []).map(file => partOfFile({ video: { bytes: read(file) } }, file)),
    ...(options.document ?? []).map(file => partOfFile({ document: { bytes: read(file) } }, file)),
  ]
  if (content.length > 0) return content
  throw new CommandFault(
    'nothing to send: give a text, --image, --audio, --video, --document, or files after --ocr or --transcribe',
  )
}

function textOf({ text }: RequestOptions, words: readonly string[]): string {
  if (text !== undefined) return text === '-' ? readFileSync(0, 'utf8') : text
  refuseFile(words)
  return words.join(' ')
}

/** An argument that names a file means its content. */
function refuseFile(words: readonly string[]): void {
  const [word = ''] = words
  if (words.length === 1 && /^[^\s]+\.[a-z0-9]{2,4}$/iu.test(word) && existsSync(word)) {
    throw new CommandFault(
      `${word} is a file: say --ocr ${word}, --transcribe ${word}, --image or --audio, or --text - < ${word}`,
    )
  }
}

function taskOptionsOf(options: RequestOptions): TaskOptions {
  const labels = options.labels
    ?.split(',')
    .map(label => label.trim())
    .filter(label => label !== '')
  return defined({
    labelSet: options.labelSet,
    labels,
    language: options.language,
    timestamps: options.timestamps,
    instruction: options.instruction,
    maxOutputTokens: numberOf('--max-output-tokens', options.maxOutputTokens, requestRanges.maxOutputTokens),
    temperature: numberOf('--temperature', options.temperature, requestRanges.temperature),
    retrieval: retrievalOf(options),
    size: options.size,
    quality: options.quality,
  })
}

function retrievalOf({ index, passages }: RequestOptions): TaskOptions['retrieval'] | undefined {
  if (index === undefined && passages !== undefined) throw new CommandFault('--passages: expected --index beside it')
  return index === undefined ? undefined : { index, passages: numberOf('--passages', passages, passagesRange) ?? 0 }
}

const passagesRange = { from: 1, to: 20, whole: true } as const

function constraintsOf(options: RequestOptions): Constraints {
  const deadline = numberOf('--deadline', options.deadline, requestRanges.deadlineSeconds)
  const maxCost = numberOf('--max-cost', options.maxCost, requestRanges.maxCostUsd)
  return defined({
    deadline: deadline === undefined ? undefined : durationToWire(deadline * 1000),
    maxCostNanoUsd: maxCost === undefined ? undefined : fromUsd(maxCost),
    maxRisk: numberOf('--max-risk', options.maxRisk, requestRanges.maxRisk),
    minQuality: numberOf('--min-quality', options.minQuality, requestRanges.minQuality),
    model: options.model,
    tier: options.tier,
    adapter: options.adapter,
    priority: options.priority === undefined ? undefined : priorities[options.priority],
  })
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** Leaves out what was not given: on the wire, absent and empty differ. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

function numberOf(option: string, text: string | undefined, range: NumberRange): number | undefined {
  return text === undefined ? undefined : readNumber(option, text, range)
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CommandFault(`${file}: it cannot be read: ${fileFaultText(error)}`, { cause: error })
  }
}
