import type { LabelScore, LegResult } from '#services/contract/answer'
import { textTensor, type WrittenTensor } from '#services/wire/convert/tensors'
import type { Backend, RunControl } from '../backend.ts'
import { promptOf, samplingOf, systemText } from '../remote/prompt.ts'
import { readLabels } from './read-labels.ts'
import { numbersIn, textIn } from './read-values.ts'
import { openTensorServer, type TensorRequest, type Tensors, type TensorServer } from './tensor-server.ts'
import type { Redact } from '../remote/errors/redact.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { interpretGeneration } from '../answers/generation.ts'
import { billedUsage } from '../remote/reported-usage.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned } from '../end-leg.ts'
import { failedCall } from '../remote/failed-call.ts'
import { createServed, type Served, type ServedSpec } from '../remote/served.ts'

/**
 * A model behind a server of the Open Inference Protocol over gRPC: Triton, KServe, another Sluice. Addresses are
 * `grpc://host:port`.
 */
export interface OipSpec extends ServedSpec {
  readonly kind: 'oip'
  readonly version?: string
  /**
   * Names of the server's tensors: `input` takes the content, `output` gives the answer, `score` its trust where
   * there is one.
   */
  readonly input: string
  readonly output: string
  readonly score?: string
  /** `classify`: what the places of a tensor of scores mean, where `output` is one. */
  readonly labels?: readonly string[]
  /** `generate`: sends sampling as Triton's vLLM backend takes it, and takes the answer piece by piece. */
  readonly vllm?: boolean
  readonly space?: string
  /** Parameters of every request, as the server knows them. */
  readonly parameters?: Readonly<Record<string, string>>
}

interface Parts {
  readonly spec: OipSpec
  readonly served: Served
  readonly dependencies: BackendDependencies
  readonly serverAt: (baseUrl: string) => TensorServer
}

/** Makes a backend that calls the server. */
export function createOipBackend(spec: OipSpec, dependencies: BackendDependencies): Promise<Backend> {
  const servers = new Map<string, TensorServer>()
  const serverAt = (baseUrl: string): TensorServer => {
    const server = servers.get(baseUrl) ?? openTensorServer(baseUrl.replace(/^grpc:\/\//u, ''))
    servers.set(baseUrl, server)
    return server
  }
  const served = createServed(spec, {}, dependencies)
  const parts: Parts = { spec, served, dependencies, serverAt }
  const backend: Backend = {
    maxBatch: 1,
    concurrent: true,
    run: (batch, control) => Promise.all(batch.map(work => ask(work, control, parts))),
    engineQueue: () => served.engineQueue(),
    async close() {
      for (const server of servers.values()) server.close()
      await served.close()
    },
  }
  return Promise.resolve(backend)
}

async function ask(work: Work, control: RunControl, parts: Parts): Promise<Outcome> {
  const { served, dependencies, serverAt, spec } = parts
  const signal = control.signal(work.legId)
  const startedAt = performance.now()
  let text = ''
  try {
    const outputs = await served.attempt(work, signal, async ({ baseUrl, redact }, firstPiece) => {
      const server = serverAt(baseUrl)
      const request = requestOf(work, spec, served.modelFor(work), redact)
      // The library uses the machine's clock.
      const leftMs = Math.min(work.deadlineAt - dependencies.clock.now(), served.times.totalTimeoutMs)
      const deadlineAt = Date.now() + leftMs
      if (spec.vllm !== true) {
        const answer = await server.infer(request, signal, deadlineAt)
        firstPiece()
        return answer
      }
      for await (const piece of server.stream(request, signal, deadlineAt)) {
        firstPiece()
        const output = piece.get(spec.output)
        const more = output === undefined ? '' : textIn(output)
        text += more
        if (work.streaming && more !== '') await control.onDelta(work.legId, more)
      }
      return new Map([[spec.output, textTensor([text])]])
    })
    return { kind: 'done', result: resultOf(work, outputs, spec, performance.now() - startedAt) }
  } catch (error) {
    const usage = text === '' ? {} : usageOf(work, text, performance.now() - startedAt)
    if (signal.aborted) return abandoned(work, dependencies.clock, usage)
    if (!(error instanceof UpstreamError)) throw error
    return failedCall(work, error, usage, dependencies.logger)
  }
}

function requestOf(work: Work, spec: OipSpec, model: string, redact: Redact): TensorRequest {
  const prompt = promptOf(work, 'words')
  const parts = prompt.turns.flatMap(turn => turn.parts)
  const [medium] = parts.flatMap(part => ('bytes' in part ? [part.bytes] : []))
  const texts = [systemText(prompt) ?? '', ...parts.flatMap(part => (part.kind === 'text' ? [part.text] : []))]
  const content: WrittenTensor =
    medium === undefined
      ? textTensor([texts.filter(text => text !== '').join('\n')])
      : { datatype: 'BYTES', shape: [1], values: [medium] }
  const inputs = new Map<string, WrittenTensor>([[spec.input, content]])
  if (spec.vllm === true) {
    inputs.set('stream', { datatype: 'BOOL', shape: [1], values: [true] })
    inputs.set('exclude_input_in_output', { datatype: 'BOOL', shape: [1], values: [true] })
    inputs.set('sampling_parameters', textTensor([JSON.stringify(vllmSampling(work))]))
  }
  return { model, version: spec.version ?? '', inputs, parameters: spec.parameters ?? {}, redact }
}

/**
 * @source Triton's vLLM backend, README, "Sending Your First Inference": values are told as vLLM's SamplingParams has
 * them
 */
function vllmSampling(work: Work): object {
  const { maxOutputTokens, temperature, topP, seed, stop } = samplingOf(work)
  return {
    max_tokens: maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
  }
}

function resultOf(work: Work, outputs: Tensors, spec: OipSpec, computeMs: number): LegResult {
  const tensor = outputs.get(spec.output)
  if (tensor === undefined) throw new UpstreamError('malformed', `the server gave no output ${spec.output}`)
  const score = spec.score === undefined ? undefined : outputs.get(spec.score)
  if (work.task === 'embed') {
    const output = { kind: 'embedding', values: numbersIn(tensor), space: spec.space ?? spec.model } as const
    return { output, rawConfidence: 1, signals: {}, usage: usageOf(work, '', computeMs) }
  }
  if (work.task === 'classify') {
    const labels = readLabels({ output: tensor, score, labels: spec.labels })
    return labelled(labels, usageOf(work, '', computeMs))
  }
  const text = textIn(tensor)
  const usage = usageOf(work, text, computeMs)
  const result = interpretGeneration({ text, logprobs: [], finishReason: 'stop' }, usage)
  const [trust] = score === undefined ? [] : numbersIn(score)
  return trust === undefined ? result : { ...result, rawConfidence: Math.min(1, Math.max(0, trust)) }
}

function labelled(labels: readonly LabelScore[], usage: LegResult['usage']): LegResult {
  const [best, second] = labels
  const margin = (best?.score ?? 0) - (second?.score ?? 0)
  return { output: { kind: 'labels', labels }, rawConfidence: best?.score ?? 0, signals: { margin }, usage }
}

/** The protocol does not count tokens. */
function usageOf(work: Work, text: string, computeMs: number): LegResult['usage'] {
  const { maxOutputTokens } = samplingOf(work)
  return billedUsage(undefined, { parts: work.parts, text, maxOutputTokens, computeMs: Math.ceil(computeMs) }).usage
}
