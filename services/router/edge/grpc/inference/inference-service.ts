import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { addUsage, type Answer } from '#services/contract/answer'
import type { Task, TaskOptions } from '#services/contract/content'
import { systemClock } from '#services/contract/clock'
import { GatewayError, invalidField, isGatewayError } from '#services/contract/errors'
import type { ModelSpec } from '#services/contract/model'
import type { RequestConstraints } from '#services/contract/request'
import { tensorFromWire, tensorToRaw, tensorToWire } from '#services/wire/convert/tensors'
import type { InferParameter__Output } from '#services/wire/generated/inference/InferParameter'
import type { InferTensorContents__Output } from '#services/wire/generated/inference/InferTensorContents'
import type { ModelInferRequest__Output } from '#services/wire/generated/inference/ModelInferRequest'
import type { Incoming } from '#services/router/request/states'
import type { CallContext } from '../../call/call-context.ts'
import type { GatewayDependencies } from '../gateway-service.ts'
import type { StatusWriter } from '#services/wire/status'
import { serveDuplex, serveUnary, type Write } from '../serve-call.ts'
import { outputTensors, taskTensors } from './model-tensors.ts'

/** What the service answers from, beside what the gateway does. */
export interface InferenceDependencies extends Pick<
  GatewayDependencies,
  Exclude<keyof GatewayDependencies, 'jobs' | 'takeFeedback' | 'readBudget' | 'impliedTask'>
> {
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
  readonly version: string
}

/** A model of the protocol: a model of ours, or a ladder under its own name. */
interface Served {
  readonly name: string
  readonly tasks: readonly Task[]
  readonly models: readonly ModelSpec[]
  readonly pin: Pick<RequestConstraints, 'model' | 'ladder'>
}

const mostRows = 64

/**
 * Builds `inference.GRPCInferenceService`: models and ladders, asked by name, one request a row, through the same
 * pipeline as every other request. A model asked by its own name is pinned; a ladder's name runs the cascade. A
 * model of several tasks takes the parameter `task`, and does its first task without it.
 */
export function createInferenceService(dependencies: InferenceDependencies): UntypedServiceImplementation {
  const { ladders, fleet, version, labelSets, statuses, clock = systemClock } = dependencies
  const unary = <Request, Response>(
    rpc: string,
    answer: (request: Request, context: CallContext) => Promise<Response>,
  ) => serveUnary(rpc, 'infer', answer, dependencies)
  const find = (name: string): Served => {
    const model = ladders.models.find(one => one.name === name)
    if (model !== undefined) return { name, tasks: model.tasks, models: [model], pin: { model: name } }
    const ladder = ladders.offers.find(one => one.name === name)
    if (ladder === undefined) throw new GatewayError('NotFound', `there is no model and no ladder ${name}`)
    return { name, tasks: [ladder.task], models: ladder.rungs.map(rung => rung.model), pin: { ladder: name } }
  }
  const infer = async (request: ModelInferRequest__Output, context: CallContext): Promise<object> => {
    const served = find(request.modelName)
    const task = taskOf(request, served)
    const incoming = incomingOf(request, task, served.pin, context)
    const answers = await Promise.all(
      incoming.map(async one => dependencies.pictures.deliver(await dependencies.handler.infer(one, context.signal))),
    )
    return responseOf(request, task, answers)
  }

  return {
    serverLive: unary('ServerLive', async () => ({ live: true })),
    serverReady: unary('ServerReady', async () => ({ ready: true })),
    serverMetadata: unary('ServerMetadata', async () => ({ name: 'sluice', version, extensions: [] })),
    modelReady: unary('ModelReady', async ({ name }: { name: string }) => {
      return { ready: find(name).models.some(model => fleet().serves(model.pool, model.name)) }
    }),
    modelMetadata: unary('ModelMetadata', async ({ name }: { name: string }) => metadataOf(find(name), labelSets)),
    modelInfer: unary('ModelInfer', infer),
    modelStreamInfer: serveDuplex(
      'ModelStreamInfer',
      'infer',
      async (requests: AsyncIterable<ModelInferRequest__Output>, context, write: Write<object>) => {
        for await (const request of requests) {
          if (context.signal.aborted) return
          await write(await streamed(request, infer, { ...context, arrivedAt: clock.now() }, statuses))
        }
      },
      dependencies,
    ),
  }
}

/** One answer of a stream. A failed request gets an error and the stream continues, as in Triton. */
async function streamed(
  request: ModelInferRequest__Output,
  infer: (request: ModelInferRequest__Output, context: CallContext) => Promise<object>,
  context: CallContext,
  statuses: StatusWriter,
): Promise<object> {
  try {
    return { inferResponse: await infer(request, context) }
  } catch (error) {
    if (!isGatewayError(error)) throw error
    return {
      errorMessage: statuses.toWire(error).details,
      inferResponse: { modelName: request.modelName, id: request.id },
    }
  }
}

function metadataOf({ name, tasks }: Served, labelSets: ReadonlySet<string>): object {
  const tensors = tasks.map(task => taskTensors[task])
  return {
    name,
    versions: ['1'],
    platform: 'sluice',
    inputs: once(tensors.map(({ input }) => input)),
    outputs: once(tensors.flatMap(({ outputs }) => outputs)),
    properties: propertiesOf(tasks, labelSets),
  }
}

/** Parameters of a request, by name, each with what it takes. */
function propertiesOf(tasks: readonly Task[], labelSets: ReadonlySet<string>): Readonly<Record<string, string>> {
  const sets = [...labelSets].toSorted().join(', ') || 'none is configured'
  const [first = ''] = tasks
  return {
    ...(tasks.length < 2 ? {} : { task: `one of ${tasks.join(', ')}; ${first} when absent` }),
    ...(tasks.includes('classify')
      ? {
          labels: 'classify requires this or label_set: the labels to choose among, separated by commas',
          label_set: `classify requires this or labels: one of ${sets}`,
        }
      : {}),
    ...(tasks.includes('transcribe')
      ? { language: 'optional for transcribe: the language that is spoken, such as en' }
      : {}),
  }
}

function once<Named extends { readonly name: string }>(list: readonly Named[]): Named[] {
  return [...new Map(list.map(one => [one.name, one])).values()]
}

function taskOf({ parameters }: ModelInferRequest__Output, { name, tasks }: Served): Task {
  const wanted = textOf(parameters['task'])
  const found = wanted === undefined ? tasks[0] : tasks.find(task => task === wanted)
  if (found !== undefined) return found
  throw invalidField('parameters.task', `expected one of ${tasks.join(', ')}, which ${name} has`)
}

function textOf(parameter: InferParameter__Output | undefined): string | undefined {
  return parameter?.parameterChoice === 'stringParam' ? parameter.stringParam : undefined
}

function incomingOf(
  request: ModelInferRequest__Output,
  task: Task,
  pin: Served['pin'],
  context: CallContext,
): readonly Incoming[] {
  const { input, partOf } = taskTensors[task]
  const place = request.inputs.findIndex(one => one.name === input.name)
  const wire = request.inputs[place]
  if (wire === undefined) throw invalidField('inputs', `expected ${input.name}, ${input.datatype}`)
  if (request.rawInputContents.length > 0 && request.inputs.some(({ contents }) => hasElements(contents))) {
    throw invalidField('raw_input_contents', 'expected contents or raw_input_contents, found both')
  }
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
      constraints: { priority: 'normal', ...pin },
      labels: {},
    },
    ...(callDeadlineAt === undefined ? {} : { callDeadlineAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }))
}

/** Whether contents of any datatype are there. */
function hasElements(contents: InferTensorContents__Output | null): boolean {
  return (
    contents !== null &&
    Object.values(contents).some((elements: unknown) => Array.isArray(elements) && elements.length > 0)
  )
}

/** `labels` is one parameter, separated by commas. */
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
