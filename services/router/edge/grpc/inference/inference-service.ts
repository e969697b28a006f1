import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { addUsage, type Answer } from '#services/contract/answer'
import type { Task, TaskOptions } from '#services/contract/content'
import { GatewayError, invalidField } from '#services/contract/errors'
import type { ModelSpec } from '#services/contract/model'
import { tensorFromWire, tensorToRaw, tensorToWire } from '#services/wire/convert/tensors'
import type { InferParameter__Output } from '#services/wire/generated/inference/InferParameter'
import type { ModelInferRequest__Output } from '#services/wire/generated/inference/ModelInferRequest'
import type { Incoming } from '#services/router/request/states'
import type { CallContext } from '../call-context.ts'
import type { GatewayDependencies } from '../gateway-service.ts'
import { serveUnary } from '../serve-call.ts'
import { outputTensors, taskTensors } from './model-tensors.ts'

/** What the service answers from, beside what the gateway does. */
export interface InferenceDependencies extends Pick<
  GatewayDependencies,
  Exclude<keyof GatewayDependencies, 'jobs' | 'takeFeedback' | 'readBudget' | 'impliedTask'>
> {
  readonly version: string
}

const mostRows = 64

/**
 * Builds `inference.GRPCInferenceService`: the models of the ladders, asked by name, one request a row, through the same way as every
 * other request. A model of several tasks is asked for one by the parameter `task`; its first is meant without it.
 */
export function createInferenceService(dependencies: InferenceDependencies): UntypedServiceImplementation {
  const { ladders, fleet, version } = dependencies
  const unary = <Request, Response>(
    rpc: string,
    answer: (request: Request, context: CallContext) => Promise<Response>,
  ) => serveUnary(rpc, 'infer', answer, dependencies)
  const find = (name: string): ModelSpec => {
    const model = ladders.models.find(one => one.name === name)
    if (model === undefined) throw new GatewayError('NotFound', `there is no model ${name}`)
    return model
  }

  return {
    serverLive: unary('ServerLive', async () => ({ live: true })),
    serverReady: unary('ServerReady', async () => ({ ready: true })),
    serverMetadata: unary('ServerMetadata', async () => ({ name: 'sluice', version, extensions: [] })),
    modelReady: unary('ModelReady', async ({ name }: { name: string }) => {
      const { pool, name: model } = find(name)
      return { ready: fleet().serves(pool, model) }
    }),
    modelMetadata: unary('ModelMetadata', async ({ name }: { name: string }) => metadataOf(find(name))),
    modelInfer: unary('ModelInfer', async (request: ModelInferRequest__Output, context) => {
      const model = find(request.modelName)
      const task = taskOf(request, model)
      const incoming = incomingOf(request, task, context)
      const answers = await Promise.all(
        incoming.map(async one => dependencies.pictures.deliver(await dependencies.handler.infer(one, context.signal))),
      )
      return responseOf(request, task, answers)
    }),
  }
}

function metadataOf({ name, tasks }: ModelSpec): object {
  const tensors = tasks.map(task => taskTensors[task])
  return {
    name,
    versions: ['1'],
    platform: 'sluice',
    inputs: once(tensors.map(({ input }) => input)),
    outputs: once(tensors.flatMap(({ outputs }) => outputs)),
  }
}

function once<Named extends { readonly name: string }>(list: readonly Named[]): Named[] {
  return [...new Map(list.map(one => [one.name, one])).values()]
}

function taskOf({ parameters }: ModelInferRequest__Output, { name, tasks }: ModelSpec): Task {
  const wanted = textOf(parameters['task'])
  const found = wanted === undefined ? tasks[0] : tasks.find(task => task === wanted)
  if (found !== undefined) return found
  throw invalidField('parameters.task', `expected one of ${tasks.join(', ')}, which ${name} has`)
}

function textOf(parameter: InferParameter__Output | undefined): string | undefined {
  return parameter?.parameterChoice === 'stringParam' ? parameter.stringParam : undefined
}

function incomingOf(request: ModelInferRequest__Output, task: Task, context: CallContext): readonly Incoming[] {
  const { input, partOf } = taskTensors[task]
  const place = request.inputs.findIndex(one => one.name === input.name)
  const wire = request.inputs[place]
  if (wire === undefined) throw invalidField('inputs', `expected ${input.name}, ${input.datatype}`)
  const tensor = wire.datatype === input.datatype ? tensorFromWire(wire, request.rawInputContents[place]) : undefined
  if (tensor?.datatype !== 'BYTES') {
    throw invalidField(`inputs[${place}]`, `expected ${input.datatype} elements, as many as its shape says`)
  }
  if (tensor.values.length === 0 || tensor.values.length > mostRows) {
    throw invalidField(`inputs[${place}].shape`, `expected 1 to ${mostRows} rows`)
  }
  const { caller, arrivedAt, callDeadlineAt, traceparent, tracestate } = context
  const options = optionsOf(request, task)
  return tensor.values.map(value => ({
    caller,
    arrivedAt,
    mode: 'sync',
    request: {
      task,
      parts: [partOf(value)],
      options,
      constraints: { priority: 'normal', model: request.modelName },
      labels: {},
    },
    ...(callDeadlineAt === undefined ? {} : { callDeadlineAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }))
}

/** `labels` are told in one parameter, parted by commas. */
function optionsOf({ parameters }: ModelInferRequest__Output, task: Task): TaskOptions {
  if (task === 'transcribe') {
    const language = textOf(parameters['language'])
    return language === undefined ? {} : { language }
  }
  if (task !== 'classify') return {}
  const labels = textOf(parameters['labels'])
  if (labels !== undefined) return { labels: labels.split(',').map(label => label.trim()) }
  const labelSet = textOf(parameters['label_set'])
  return labelSet === undefined ? {} : { labelSet }
}

function responseOf(request: ModelInferRequest__Output, task: Task, answers: readonly Answer[]): object {
  const known = taskTensors[task].outputs.map(({ name }) => name)
  const wanted = request.outputs.length === 0 ? known : request.outputs.map(({ name }) => name)
  const tensors = outputTensors(answers)
  const given = wanted.map(name => {
    const tensor = known.includes(name) ? tensors.get(name) : undefined
    if (tensor === undefined) throw invalidField('outputs', `expected of ${known.join(', ')}, found ${name}`)
    return { name, tensor }
  })
  const isRaw = request.rawInputContents.length > 0
  const { inputTokens, outputTokens } = addUsage(answers.map(({ usage }) => usage))
  return {
    modelName: request.modelName,
    modelVersion: '1',
    id: request.id,
    parameters: {
      cost_nano_usd: { int64Param: answers.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0) },
      ...(inputTokens === undefined ? {} : { input_tokens: { int64Param: inputTokens } }),
      ...(outputTokens === undefined ? {} : { output_tokens: { int64Param: outputTokens } }),
    },
    outputs: given.map(({ name, tensor }) =>
      isRaw ? { name, datatype: tensor.datatype, shape: [...tensor.shape] } : tensorToWire(name, tensor),
    ),
    rawOutputContents: isRaw ? given.map(({ tensor }) => tensorToRaw(tensor)) : [],
  }
}
