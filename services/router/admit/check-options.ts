import { deepestJson, isDeeperThan } from '#services/platform/http/json-depth'
import type { Task, TaskOptions } from '#services/contract/content'
import type { InferenceRequest } from '#services/contract/request'
import { defaultMaxOutputTokens } from '#services/state/service-times/workload'
import { toolName } from './check-messages.ts'
import { schemaFault } from './check-schema.ts'
import { fault, rangeFault, type Faults } from './faults.ts'

/** What options are held to. */
export interface OptionLimits {
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
}

/** Options that each task takes. */
const optionsOf: Readonly<Record<Task, readonly (keyof TaskOptions)[]>> = {
  transcribe: ['language', 'timestamps'],
  ocr: [],
  classify: ['labelSet', 'labels'],
  embed: [],
  generate: [
    'maxOutputTokens',
    'temperature',
    'topP',
    'topK',
    'stop',
    'seed',
    'presencePenalty',
    'frequencyPenalty',
    'instruction',
    'responseFormat',
    'reasoning',
    'tools',
    'toolChoice',
    'parallelToolCalls',
    'serviceTier',
    'promptCacheKey',
    'retrieval',
  ],
  generate_image: ['size', 'quality'],
}

/** Names of options as the wire has them. */
const wireNames: Readonly<Record<keyof TaskOptions, string>> = {
  labelSet: 'options.label_set',
  labels: 'options.labels',
  language: 'options.language',
  timestamps: 'options.timestamps',
  maxOutputTokens: 'options.max_output_tokens',
  temperature: 'options.temperature',
  instruction: 'options.instruction',
  tools: 'options.tools',
  toolChoice: 'options.tool_choice',
  size: 'options.size',
  quality: 'options.quality',
  topP: 'options.top_p',
  topK: 'options.top_k',
  stop: 'options.stop',
  seed: 'options.seed',
  presencePenalty: 'options.presence_penalty',
  frequencyPenalty: 'options.frequency_penalty',
  responseFormat: 'options.response_format',
  reasoning: 'options.reasoning',
  parallelToolCalls: 'options.parallel_tool_calls',
  serviceTier: 'options.service_tier',
  promptCacheKey: 'options.prompt_cache_key',
  retrieval: 'options.retrieval',
}

const mostPassages = 20

/** What is wrong with a request's options: whether its task takes them, and each by itself. */
export function optionFaults({ task, options }: InferenceRequest, limits: OptionLimits): Faults {
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
    ...toolFaults(options),
    ...drawingFaults(options),
    ...samplingFaults(options),
    ...shapeFaults(options),
    ...reasoningFaults(options),
    ...fault(options.retrieval?.index === '', 'options.retrieval.index', 'expected the name of an index'),
    ...rangeFault(options.retrieval?.passages, 1, mostPassages, 'options.retrieval.passages'),
  ]
}

function samplingFaults(options: TaskOptions): Faults {
  const { topP, stop = [], seed, presencePenalty, frequencyPenalty } = options
  return [
    ...rangeFault(options.maxOutputTokens, 1, mostOutputTokens, wireNames.maxOutputTokens),
    ...rangeFault(options.temperature, 0, 2, wireNames.temperature),
    ...fault(topP !== undefined && !(topP > 0 && topP <= 1), wireNames.topP, 'expected more than 0 and at most 1'),
    ...rangeFault(options.topK, 1, mostTopK, wireNames.topK),
    ...rangeFault(presencePenalty, -2, 2, wireNames.presencePenalty),
    ...rangeFault(frequencyPenalty, -2, 2, wireNames.frequencyPenalty),
    ...fault(seed !== undefined && !Number.isSafeInteger(seed), wireNames.seed, 'expected a whole number'),
    ...fault(stop.length > mostStops, wireNames.stop, `expected at most ${mostStops}`),
    ...stop.flatMap((text, index) =>
      fault(
        text === '' || text.length > longestStop,
        `${wireNames.stop}[${index}]`,
        `expected 1 to ${longestStop} characters`,
      ),
    ),
    ...fault(
      (options.promptCacheKey?.length ?? 0) > longestCacheKey,
      wireNames.promptCacheKey,
      `expected at most ${longestCacheKey} characters`,
    ),
  ]
}

const mostOutputTokens = 131_072
const mostTopK = 1_000_000
const mostStops = 16
const longestStop = 256
const longestCacheKey = 256

function shapeFaults({ responseFormat }: TaskOptions): Faults {
  if (responseFormat?.kind !== 'json-schema') return []
  const field = `${wireNames.responseFormat}.json_schema`
  const { name, schemaJson } = responseFormat
  const wrong = schemaFault(schemaJson)
  return [
    ...fault(name !== undefined && !toolName.test(name), `${field}.name`, 'expected 1 to 64 letters, digits, _ and -'),
    ...(wrong === undefined ? [] : fault(true, `${field}.schema_json`, wrong)),
  ]
}

/** Tokens of reasoning are tokens of output, and some are to be left for the answer. */
function reasoningFaults({ reasoning, maxOutputTokens }: TaskOptions): Faults {
  const { effort, maxTokens } = reasoning ?? {}
  const field = `${wireNames.reasoning}.max_tokens`
  if (maxTokens === undefined) return []
  if (effort === 'none') return fault(true, field, 'expected none beside the effort none')
  const most = maxOutputTokens ?? defaultMaxOutputTokens
  return fault(
    maxTokens >= most,
    field,
    `expected less than the ${most} tokens of ${wireNames.maxOutputTokens}, which count it too`,
  )
}

const longestLabel = 256
const mostTools = 128
const longestSchema = 32_768

function toolFaults({ tools = [], toolChoice, parallelToolCalls }: TaskOptions): Faults {
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
        `expected a JSON schema: a JSON object of at most ${deepestJson} levels`,
      ),
    ]),
    ...fault(
      toolChoice !== undefined && (tools.length === 0 || !wordy.has(toolChoice)),
      wireNames.toolChoice,
      'expected auto, none, required, or the name of one of the tools',
    ),
    ...fault(
      parallelToolCalls !== undefined && tools.length === 0,
      wireNames.parallelToolCalls,
      'expected tools with it',
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
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDeeperThan(deepestJson, value)
  } catch {
    return false
  }
}

function labelFaults({ labelSet, labels }: TaskOptions, limits: OptionLimits): Faults {
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
