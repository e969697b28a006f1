import { hasToolTurns, isWords, wordsIn, type Task, type TaskOptions } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import { isNanoUsd } from '#services/contract/money'
import type { InferenceRequest, RequestConstraints } from '#services/contract/request'
import { toolName, turnFaults } from './check-turns.ts'
import { fault, type Faults } from './faults.ts'

/** What requests are held to. */
export interface RequestLimits {
  readonly parts: number
  readonly textCharacters: number
  /** Names of every configured model and rung, and of every tier. */
  readonly models: ReadonlySet<string>
  readonly tiers: ReadonlySet<string>
  /** Names of every ladder. */
  readonly ladders: ReadonlySet<string>
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
}

/** Options that each task takes. */
const optionsOf: Readonly<Record<Task, readonly (keyof TaskOptions)[]>> = {
  transcribe: ['language'],
  ocr: [],
  classify: ['labelSet', 'labels'],
  embed: [],
  generate: ['maxOutputTokens', 'temperature', 'instruction', 'tools', 'toolChoice'],
  generate_image: ['size', 'quality'],
}

/** Names of options as the wire has them. */
const wireNames: Readonly<Record<keyof TaskOptions, string>> = {
  labelSet: 'options.label_set',
  labels: 'options.labels',
  language: 'options.language',
  maxOutputTokens: 'options.max_output_tokens',
  temperature: 'options.temperature',
  instruction: 'options.instruction',
  tools: 'options.tools',
  toolChoice: 'options.tool_choice',
  size: 'options.size',
  quality: 'options.quality',
}

const longestKey = 256
const mostLabels = 16
const longestLabel = 256
const mostOutputTokens = 131_072
/** Calls of tools and their results beside the other parts: words alone, a hundred rounds and more. */
const mostToolParts = 256

/** Checks everything of a request but its media. @throws GatewayError InvalidRequest with every fault at once, each with its field */
export function checkRequest(request: InferenceRequest, limits: RequestLimits): void {
  const violations = [
    ...partFaults(request, limits),
    ...turnFaults(request),
    ...optionFaults(request, limits),
    ...constraintFaults(request.constraints, limits),
    ...nameFaults(request),
  ]
  const [first] = violations
  if (first === undefined) return
  throw new GatewayError('InvalidRequest', `${first.field}: ${first.description}`, { stage: 'admit', violations })
}

function partFaults({ task, parts, options }: InferenceRequest, limits: RequestLimits): Faults {
  if (parts.length === 0) return fault(true, 'content', 'expected at least one part')
  const toolParts = parts.filter(part => hasToolTurns([part])).length
  if (parts.length - toolParts > limits.parts) return fault(true, 'content', `expected at most ${limits.parts} parts`)
  if (toolParts > mostToolParts) {
    return fault(true, 'content', `expected at most ${mostToolParts} tool_calls and tool_results`)
  }
  const words = parts.reduce((sum, part) => sum + (isWords(part) ? wordsIn(part).length : 0), 0)
  const total = words + (options.instruction?.length ?? 0)
  return [
    ...parts.flatMap((part, index) =>
      fault(part.kind === 'text' && part.text.trim() === '', `content[${index}].text`, 'expected text, found none'),
    ),
    ...parts.flatMap((part, index) =>
      fault(
        task === 'generate_image' && !isWords(part),
        `content[${index}].${part.kind}`,
        'task generate_image takes text alone',
      ),
    ),
    ...fault(total > limits.textCharacters, 'content', `expected at most ${limits.textCharacters} characters of text`),
  ]
}

function optionFaults({ task, options }: InferenceRequest, limits: RequestLimits): Faults {
  const taken = optionsOf[task]
  const given = Object.keys(options).filter((name): name is keyof TaskOptions => name in wireNames)
  const unknown = given.filter(name => !taken.includes(name))
  if (unknown.length > 0) return unknown.flatMap(name => fault(true, wireNames[name], `task ${task} does not take it`))
  return [
    ...(task === 'classify' ? labelFaults(options, limits) : []),
    ...fault(
      options.language !== undefined && !/^[a-z]{2}$/u.test(options.language),
      wireNames.language,
      'expected two lower-case letters of ISO 639-1',
    ),
    ...rangeFault(options.temperature, 0, 2, wireNames.temperature),
    ...toolFaults(options),
    ...drawingFaults(options),
    ...rangeFault(options.maxOutputTokens, 1, mostOutputTokens, wireNames.maxOutputTokens),
  ]
}

const mostTools = 128
const longestSchema = 32_768

function toolFaults({ tools = [], toolChoice }: TaskOptions): Faults {
  const names = tools.map(tool => tool.name)
  const wordy = new Set(['auto', 'none', 'required', ...names])
  return [
    ...fault(tools.length > mostTools, wireNames.tools, `expected at most ${mostTools}`),
    ...fault(new Set(names).size < names.length, wireNames.tools, 'expected every name once'),
    ...tools.flatMap(({ name, parametersJson }, index) => [
      ...fault(!toolName.test(name), `options.tools[${index}].name`, 'expected 1 to 64 letters, digits, _ and -'),
      ...fault(
        parametersJson.length > longestSchema || !isJsonObject(parametersJson),
        `options.tools[${index}].parameters_json`,
        'expected a JSON schema: a JSON object',
      ),
    ]),
    ...fault(
      toolChoice !== undefined && (tools.length === 0 || !wordy.has(toolChoice)),
      wireNames.toolChoice,
      'expected auto, none, required, or the name of one of the tools',
    ),
  ]
}

function drawingFaults({ size, quality }: TaskOptions): Faults {
  return [
    ...fault(
      size !== undefined && !/^\d{2,5}x\d{2,5}$/u.test(size),
      wireNames.size,
      'expected width and height such as 1024x1024',
    ),
    ...fault(
      quality !== undefined && !/^[a-z]{1,16}$/u.test(quality),
      wireNames.quality,
      'expected a word of 1 to 16 lower-case letters',
    ),
  ]
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function labelFaults({ labelSet, labels }: TaskOptions, limits: RequestLimits): Faults {
  if (labelSet !== undefined && labels !== undefined) {
    return fault(true, wireNames.labels, 'expected either labels or label_set')
  }
  if (labelSet !== undefined) {
    const known = [...limits.labelSets].toSorted().join(', ') || 'none is configured'
    return fault(!limits.labelSets.has(labelSet), wireNames.labelSet, `expected one of: ${known}`)
  }
  if (labels === undefined) return fault(true, wireNames.labelSet, `expected ${howToClassify(limits.labelSets)}`)
  return [
    ...fault(labels.length < 2 || labels.length > 64, wireNames.labels, 'expected 2 to 64 labels'),
    ...fault(new Set(labels).size < labels.length, wireNames.labels, 'expected every label once'),
    ...fault(
      labels.some(label => label.trim() === '' || label.length > longestLabel),
      wireNames.labels,
      `expected labels of 1 to ${longestLabel} characters`,
    ),
  ]
}

/** How a classification is asked for. */
export function howToClassify(labelSets: ReadonlySet<string>): string {
  const sets = [...labelSets].toSorted().join(', ') || 'none is configured'
  return `options.labels to choose among, or options.label_set of: ${sets}`
}

function constraintFaults(constraints: RequestConstraints, { models, ladders, tiers }: RequestLimits): Faults {
  const { deadlineMs, maxCostNanoUsd, maxRisk, minQuality, model, ladder, tier, adapter } = constraints
  return [
    ...fault(
      deadlineMs !== undefined && !(Number.isFinite(deadlineMs) && deadlineMs > 0),
      'constraints.deadline',
      'expected more than nothing',
    ),
    ...fault(
      maxCostNanoUsd !== undefined && !isNanoUsd(maxCostNanoUsd),
      'constraints.max_cost_nano_usd',
      'expected a whole amount from 0 to 2^53 - 1',
    ),
    ...rangeFault(maxRisk, 0, 1, 'constraints.max_risk'),
    ...rangeFault(minQuality, 0, 1, 'constraints.min_quality'),
    ...fault(
      model !== undefined && !models.has(model),
      'constraints.model',
      `there is no such model; there are: ${[...models].join(', ')}`,
    ),
    ...fault(
      ladder !== undefined && !ladders.has(ladder),
      'constraints.ladder',
      `there is no such ladder; there are: ${[...ladders].join(', ')}`,
    ),
    ...fault(
      tier !== undefined && !tiers.has(tier),
      'constraints.tier',
      `there is no such tier; there are: ${[...tiers].join(', ')}`,
    ),
    ...fault((adapter?.length ?? 0) > longestKey, 'constraints.adapter', `expected at most ${longestKey} characters`),
  ]
}

function nameFaults({ idempotencyKey, sessionKey, labels }: InferenceRequest): Faults {
  const entries = Object.entries(labels)
  return [
    ...fault(
      (idempotencyKey?.length ?? 0) > longestKey,
      'idempotency_key',
      `expected at most ${longestKey} characters`,
    ),
    ...fault((sessionKey?.length ?? 0) > longestKey, 'session_key', `expected at most ${longestKey} characters`),
    ...fault(entries.length > mostLabels, 'labels', `expected at most ${mostLabels}`),
    ...fault(
      entries.some(([key, value]) => key.length > 64 || value.length > longestLabel),
      'labels',
      `expected names of at most 64 characters and values of at most ${longestLabel}`,
    ),
  ]
}

function rangeFault(value: number | undefined, least: number, most: number, field: string): Faults {
  return fault(value !== undefined && !(value >= least && value <= most), field, `expected ${least} to ${most}`)
}
