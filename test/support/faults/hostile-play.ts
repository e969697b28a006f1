import { status } from '@grpc/grpc-js'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApiKey } from '#services/state/api-keys/api-key'
import { chatConfig, chatModel } from '../chat-ladder.ts'
import { createTestGateway, until } from '../gateway.ts'
import { textRequest } from '../grpc-client.ts'
import { hostileAnswers, rightAnswers, verifierRungs, type VerifierRung } from '../servers/hostile-answers.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { watchMachineDelay, type MachineDelay } from './machine-delay.ts'

const rungs = Object.keys(verifierRungs) as VerifierRung[]
const keys = { hostile: createApiKey('hostile'), other: createApiKey('other') }

/** What came of hostile answers. */
export interface HostileReport {
  /** How long good calls of another tenant took before and during. */
  readonly beforeMs: readonly number[]
  readonly duringMs: readonly number[]
  /** Good calls that were not accepted by the rung that they asked for. */
  readonly refused: readonly string[]
  /** How the hostile calls ended. */
  readonly ends: readonly string[]
  readonly isWorkerAlive: boolean
  /** What other work left of the machine, the play's own included. */
  readonly machineDelay: MachineDelay
}

/**
 * One tenant's model gives `count` hostile answers, to 32 calls at once; another tenant calls every verifier
 * meanwhile.
 */
export async function playHostileAnswers(count: number): Promise<HostileReport> {
  const hostile = hostileAnswers(count)
  const upstream = await startUpstream(hostile.map(({ text }) => text))
  const redis = await startPrivateRedis()
  const gateway = await createTestGateway(configOf(upstream.baseUrl), redis.url)
  const refused: string[] = []

  const ask = (tenant: keyof typeof keys, model: string, text: string, deadlineMs: number) =>
    gateway.client.infer(textRequest(text, { constraints: { model } }), {
      authorization: `Bearer ${keys[tenant].text}`,
      deadlineMs,
    })
  /** How long each of a round of good calls of the other tenant takes. */
  const round = async (): Promise<readonly number[]> => {
    const elapsedMs: number[] = []
    for (const rung of ['plain', ...rungs]) {
      const startedAt = performance.now()
      const { rungs: tried } = await ask('other', rung, `right ${rung}`, 120_000)
      elapsedMs.push(performance.now() - startedAt)
      const verdicts = tried.map(({ model, verdict }) => `${model} ${verdict}`).join()
      if (verdicts !== `${rung} VERDICT_ACCEPTED`) refused.push(verdicts)
    }
    return elapsedMs
  }

  try {
    const [, worker] = await Promise.all([gateway.startRouter(), gateway.startWorker('chat')])
    await until(
      'the worker',
      () => gateway.client.listModels({ authorization: `Bearer ${keys.other.text}` }),
      ({ models }) => models.every(one => (one.state?.workers ?? 0) > 0),
    )
    // The first check of a worker waits for its process.
    await round()
    const beforeMs = [...(await round()), ...(await round())]
    let next = 0
    const ends: string[] = []
    const sender = async (): Promise<void> => {
      for (let at = next++; at < hostile.length; at = next++) {
        const ended = await ask('hostile', hostile[at]!.rung, `hostile ${at}`, 120_000).then(
          () => 'answered',
          (error: { code?: number }) => status[error.code ?? status.UNKNOWN] ?? 'UNKNOWN',
        )
        ends.push(ended)
      }
    }
    const machine = watchMachineDelay()
    const attack = Promise.all(Array.from({ length: 32 }, sender))
    const duringMs: number[] = []
    while (ends.length < hostile.length) duringMs.push(...(await round()))
    await attack
    const machineDelay = await machine.stop()
    const isWorkerAlive = (await Promise.race([worker.exited, Promise.resolve('alive')])) === 'alive'
    return { beforeMs, duringMs, refused, ends, isWorkerAlive, machineDelay }
  } finally {
    await gateway.stop()
    await redis.stop()
    upstream.close()
  }
}

/** Answers `hostile N` with the answer of that number and `right RUNG` with what that rung's verifier takes. */
async function startUpstream(hostile: readonly string[]): Promise<{ readonly baseUrl: string; close(): void }> {
  const answerTo = (asked: string): string => {
    const [, kind, what = ''] = /(hostile|right) (\w+)/u.exec(asked) ?? []
    return kind === 'hostile' ? (hostile[Number(what)] ?? '') : (rightAnswers[what as VerifierRung] ?? 'plain')
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const delta = { content: answerTo(Buffer.concat(chunks).toString()) }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: 'stop' }] })}\n\n`)
      response.end('data: [DONE]\n\n')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () => void server.close(),
  }
}

function configOf(baseUrl: string): Readonly<Record<string, unknown>> {
  const model = chatModel('chat', [baseUrl], { modalities: ['text'], logprobs: false })
  return {
    ...chatConfig({
      pools: { chat: { tier: 'small', concurrency: 8 } },
      models: Object.fromEntries([...rungs, 'plain'].map(name => [name, model])),
      ladders: {
        generate: {
          task: 'generate',
          modalities: ['text'],
          rungs: ['plain', ...rungs.map(name => ({ model: name, ...verifierRungs[name] }))],
          uncalibrated: { confidenceThreshold: 0 },
        },
      },
    }),
    auth: {
      keys: Object.entries(keys).map(([tenant, { sha256 }]) => ({ id: tenant, sha256, tenant, scopes: ['infer'] })),
    },
  }
}
