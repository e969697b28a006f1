import {
  credentials,
  type ChannelCredentials,
  type ChannelOptions,
  type ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js'
import { pino } from 'pino'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { demandScope, type Authenticate } from '#services/router/edge/auth/authenticate'
import { createFleet } from '#services/router/pools/fleet'
import { createPictures } from '#services/router/deliver/pictures'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Jobs } from '#services/router/edge/call/jobs'
import { createLadderRegistry } from '#services/router/ladders/ladder-registry'
import { createGatekeeper } from '#services/router/edge/grpc/gatekeeper'
import { createGatewayService } from '#services/router/edge/grpc/gateway-service'
import { createImpliedTask } from '#services/router/edge/grpc/implied-task'
import { openRpcServer } from '#services/router/edge/grpc/server'
import type { Finished } from '#services/router/request/states'
import { noWork } from '#services/state/service-times/workload'
import { createRequestId } from '#services/contract/ids'
import { loadDescriptors } from '#services/wire/load-descriptors'
import { loadErrorMessages, loadServices, typesOf } from '#services/wire/load-proto'
import { createStatusWriter } from '#services/wire/status'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const types = typesOf(loadServices(root)).sluice.v1

/** The messages that errors carry, for reading them. */
export const errorMessages = loadErrorMessages(root)

/** What the double of the router's inside does; what is not given throws, as a bug would. */
export interface Inside {
  readonly handler?: Partial<RequestHandler>
  readonly jobs?: Partial<Jobs>
  readonly enter?: () => () => void
  readonly messageBytes?: number
  readonly keepaliveMs?: number
  readonly authenticate?: Authenticate
  readonly credentials?: ServerCredentials
}

/** A real gRPC port over doubles of what lies behind it. */
export interface RpcGateway {
  readonly address: string
  readonly lines: readonly string[]
  readonly answered: readonly string[]
  client(options?: ChannelOptions, channel?: ChannelCredentials): InstanceType<typeof types.Gateway>
  drain(graceMs: number): Promise<void>
  stop(): Promise<void>
}

const unset = (): never => {
  throw new Error('this double was not told what to do')
}

/** Opens the port. */
export async function openRpcGateway(inside: Inside): Promise<RpcGateway> {
  const lines: string[] = []
  const answered: string[] = []
  const clients: { close(): void }[] = []
  const statuses = createStatusWriter(errorMessages)
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const authenticate =
    inside.authenticate ?? (async () => ({ tenant: 'local', credentialId: 'anonymous', scopes: ['infer'] as const }))
  const gatekeeper = createGatekeeper({
    authenticate,
    clientAddress: peer => peer,
    statuses,
    logger,
    answered: (rpc, status) => answered.push(`${rpc} ${status}`),
  })
  const stopping = new AbortController()
  const service = createGatewayService({
    stopping: stopping.signal,
    callerOf: gatekeeper.callerOf,
    demandScope,
    enter: inside.enter ?? (() => () => {}),
    statuses,
    answered: (rpc, status) => answered.push(`${rpc} ${status}`),
    logger,
    handler: { infer: unset, runJob: unset, submit: unset, explain: unset, ...inside.handler },
    pictures: createPictures({ payloads: { get: unset, remove: unset }, afterwards: unset }),
    jobs: { submitted: unset, list: unset, get: unset, watch: unset, cancel: unset, ...inside.jobs },
    takeFeedback: unset,
    impliedTask: createImpliedTask({ ladders: createLadderRegistry([], []), labelSets: new Set() }),
    ladders: createLadderRegistry([], []),
    fleet: () => createFleet([], new Map()),
    readBudget: unset,
    dispatchOf: () => 'queue',
    countTokens: unset,
  })
  const server = await openRpcServer(
    {
      address: '127.0.0.1:0',
      messageBytes: inside.messageBytes ?? 1_000_000,
      interceptor: gatekeeper.interceptor,
      ...(inside.keepaliveMs === undefined ? {} : { keepaliveMs: inside.keepaliveMs }),
      ...(inside.credentials === undefined ? {} : { credentials: inside.credentials }),
    },
    loadDescriptors(root),
    [{ name: 'sluice.v1.Gateway', definition: types.Gateway.service, handlers: service }],
  )
  server.setServing(true)
  return {
    address: server.address,
    lines,
    answered,
    client(options = {}, channel = credentials.createInsecure()) {
      const client = new types.Gateway(server.address, channel, options)
      clients.push(client)
      return client
    },
    drain: graceMs => server.drain(graceMs, () => stopping.abort()),
    async stop() {
      for (const client of clients) client.close()
      // A drain waits a second for clients of Node that are idle; those that have closed by now are not waited for.
      await setTimeout(20)
      await server.drain(0, () => stopping.abort())
    },
  }
}

/** A cascade that ended with an answer of the given text. */
export function finishedWith(text: string): Finished {
  const requestId = createRequestId(1)
  const answer = {
    output: { kind: 'text', text },
    model: 'small',
    tier: 'small',
    confidence: 0.9,
    rungs: [],
    costNanoUsd: 7,
    usage: {},
    latencyMs: 12.5,
    policyVersion: 'v',
  } as const
  return {
    requestId,
    request: {
      requestId,
      tenant: 'local',
      mode: 'sync',
      idempotent: false,
      task: 'generate',
      options: {},
      parts: [],
      work: noWork,
      constraints: { priority: 'normal' },
      labels: {},
      submittedAt: 1,
      deadlineAt: 10_000,
    },
    plan: { ladder: 'l', policyVersion: 'v', estimate: {}, rungs: [], holdId: requestId, heldNanoUsd: 0 },
    legs: [],
    end: { kind: 'answered', answer },
    endedAt: 2,
  }
}

/** The value or the failure of one unary call. */
export function called<Value>(
  start: (reply: (error: ServiceError | null, value?: Value) => void) => unknown,
): Promise<{ readonly failure?: ServiceError; readonly value?: Value }> {
  return new Promise(resolve => {
    start((error, value) => {
      if (error !== null) resolve({ failure: error })
      else resolve(value === undefined ? {} : { value })
    })
  })
}
