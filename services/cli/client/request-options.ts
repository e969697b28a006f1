import { readFileSync } from 'node:fs'
import type { Task } from '#services/contract/content'
import { fromUsd } from '#services/contract/money'
import { durationToWire } from '#services/wire/convert/time'
import { taskToWire } from '#services/wire/convert/to-wire'
import type { Constraints } from '#services/wire/generated/sluice/v1/Constraints'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import type { TaskOptions } from '#services/wire/generated/sluice/v1/TaskOptions'
import { CommandFault } from './failure.ts'

/** The options by which a request is described. */
export interface RequestOptions {
  readonly text?: string
  readonly image?: readonly string[]
  readonly audio?: readonly string[]
  readonly task?: Task
  readonly labelSet?: string
  readonly labels?: string
  readonly language?: string
  readonly instruction?: string
  readonly maxOutputTokens?: string
  readonly temperature?: string
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
  return {
    // Without one the gateway says what is meant, or lists what can be asked.
    ...(options.task === undefined ? {} : { task: taskToWire(options.task) }),
    content,
    options: taskOptionsOf(options),
    constraints: constraintsOf(options),
    ...(options.session === undefined ? {} : { sessionKey: options.session }),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
  }
}

function contentOf(options: RequestOptions, words: readonly string[]): Part[] {
  const text = options.text === '-' ? readFileSync(0, 'utf8') : (options.text ?? words.join(' '))
  const content: Part[] = [
    ...(text === '' ? [] : [{ text }]),
    ...(options.image ?? []).map(file => ({ image: { bytes: read(file) } })),
    ...(options.audio ?? []).map(file => ({ audio: { bytes: read(file) } })),
  ]
  if (content.length === 0) throw new CommandFault('nothing to send: give --text, --image or --audio')
  return content
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
    instruction: options.instruction,
    maxOutputTokens: numberOf('--max-output-tokens', options.maxOutputTokens),
    temperature: numberOf('--temperature', options.temperature),
    size: options.size,
    quality: options.quality,
  })
}

function constraintsOf(options: RequestOptions): Constraints {
  const deadline = numberOf('--deadline', options.deadline)
  const maxCost = numberOf('--max-cost', options.maxCost)
  return defined({
    deadline: deadline === undefined ? undefined : durationToWire(deadline * 1000),
    maxCostNanoUsd: maxCost === undefined ? undefined : fromUsd(maxCost),
    maxRisk: numberOf('--max-risk', options.maxRisk),
    minQuality: numberOf('--min-quality', options.minQuality),
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

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new CommandFault(`${option}: ${text} is not a number`)
  return value
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new CommandFault(`${file} cannot be read`)
  }
}
