import {
  reasoningEfforts,
  serviceTiers,
  timestampGranularities,
  type ReasoningOptions,
  type ResponseFormat,
  type TaskOptions,
} from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import type { RetrievalOptions } from '#services/contract/retrieval/evidence'
import { withoutAbsent } from '#services/contract/without-absent'
import type { ReasoningOptions__Output } from '../generated/sluice/v1/ReasoningOptions.ts'
import type { ResponseFormat__Output } from '../generated/sluice/v1/ResponseFormat.ts'
import type { Retrieval__Output } from '../generated/sluice/v1/Retrieval.ts'
import type { TaskOptions__Output } from '../generated/sluice/v1/TaskOptions.ts'
import type { Tool__Output } from '../generated/sluice/v1/Tool.ts'

/** Reads the options of a task. @throws GatewayError InvalidRequest for a word that is not one of its field's */
export function optionsFromWire(wire: TaskOptions__Output | null): TaskOptions {
  if (wire === null) return {}
  return {
    ...(wire.labelSet === '' ? {} : { labelSet: wire.labelSet }),
    ...(wire.labels.length === 0 ? {} : { labels: wire.labels }),
    ...(wire.language === '' ? {} : { language: wire.language }),
    ...(wire.timestamps === ''
      ? {}
      : { timestamps: wordOf(wire.timestamps, timestampGranularities, 'options.timestamps') }),
    ...(wire.instruction === '' ? {} : { instruction: wire.instruction }),
    ...samplingFromWire(wire),
    ...toolsFromWire(wire),
    ...generateFromWire(wire),
    ...(wire.size === '' ? {} : { size: wire.size }),
    ...(wire.quality === '' ? {} : { quality: wire.quality }),
  }
}

function samplingFromWire(wire: TaskOptions__Output): TaskOptions {
  return withoutAbsent<TaskOptions>({
    ...countsFromWire(wire),
    temperature: wire._temperature && wire.temperature,
    topP: wire._topP && wire.topP,
    seed: wire._seed && wire.seed,
    presencePenalty: wire._presencePenalty && wire.presencePenalty,
    frequencyPenalty: wire._frequencyPenalty && wire.frequencyPenalty,
  })
}

/** Fields without presence: nothing is what is not given. */
function countsFromWire({ maxOutputTokens, topK, stop }: TaskOptions__Output): TaskOptions {
  return {
    ...(maxOutputTokens === 0 ? {} : { maxOutputTokens }),
    ...(topK === 0 ? {} : { topK }),
    ...(stop.length === 0 ? {} : { stop }),
  }
}

function generateFromWire(wire: TaskOptions__Output): TaskOptions {
  const format = wire.responseFormat === null ? undefined : formatFromWire(wire.responseFormat)
  return {
    ...(format === undefined ? {} : { responseFormat: format }),
    ...(wire.reasoning === null ? {} : { reasoning: reasoningFromWire(wire.reasoning) }),
    ...(wire.serviceTier === '' ? {} : { serviceTier: wordOf(wire.serviceTier, serviceTiers, 'options.service_tier') }),
    ...(wire.retrieval === null ? {} : { retrieval: retrievalFromWire(wire.retrieval) }),
    ...(wire.promptCacheKey === '' ? {} : { promptCacheKey: wire.promptCacheKey }),
  }
}

function retrievalFromWire({ index, passages }: Retrieval__Output): RetrievalOptions {
  return { index, ...(passages === 0 ? {} : { passages }) }
}

function formatFromWire({ format, jsonSchema }: ResponseFormat__Output): ResponseFormat | undefined {
  if (format === 'text') return undefined
  if (format === 'jsonObject') return { kind: 'json-object' }
  if (!jsonSchema) throw invalidField('options.response_format', 'expected text, json_object or json_schema')
  const { name, description, schemaJson, strict, _strict } = jsonSchema
  return {
    kind: 'json-schema',
    schemaJson,
    ...(name === '' ? {} : { name }),
    ...(description === '' ? {} : { description }),
    ...(_strict === undefined ? {} : { strict: strict === true }),
  }
}

function reasoningFromWire({ effort, maxTokens }: ReasoningOptions__Output): ReasoningOptions {
  return {
    ...(effort === '' ? {} : { effort: wordOf(effort, reasoningEfforts, 'options.reasoning.effort') }),
    ...(maxTokens === 0 ? {} : { maxTokens }),
  }
}

function wordOf<Word extends string>(given: string, words: readonly Word[], field: string): Word {
  const found = words.find(word => word === given)
  if (found === undefined) throw invalidField(field, `expected one of ${words.join(', ')}`)
  return found
}

function toolsFromWire(wire: TaskOptions__Output): TaskOptions {
  const { tools, toolChoice } = wire
  return {
    ...(tools.length === 0 ? {} : { tools: tools.map(toolFromWire) }),
    ...(toolChoice === '' ? {} : { toolChoice }),
    ...(wire._parallelToolCalls === undefined ? {} : { parallelToolCalls: wire.parallelToolCalls === true }),
  }
}

function toolFromWire(wire: Tool__Output) {
  const { name, description, parametersJson } = wire
  return {
    name,
    parametersJson: parametersJson === '' ? '{}' : parametersJson,
    ...(description === '' ? {} : { description }),
    ...(wire._strict === undefined ? {} : { strict: wire.strict === true }),
    ...(wire.cachePoint ? { cachePoint: true as const } : {}),
  }
}
