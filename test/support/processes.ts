import { credentials, Metadata, type ChannelCredentials, type ClientOptions, type ServiceError } from '@grpc/grpc-js'
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { GatewayClient } from '#services/wire/generated/sluice/v1/Gateway'
import type { AdminClient } from '#services/wire/generated/sluice/v1/Admin'
import type { InferEvent__Output } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Job__Output } from '#services/wire/generated/sluice/v1/Job'
import { packageRoot } from '#services/config/load-config'
import { serviceFlags } from '#services/platform/process/service-flags'
import { loadErrorMessages, loadServices, typesOf } from '#services/wire/load-proto'
import { readFailure, type WireFailure } from '#services/wire/status'

const root = packageRoot()
const types = typesOf(loadServices(root)).sluice.v1
const messages = loadErrorMessages(root)

/** One real process of the system. */
export interface RunningProcess {
  readonly child: ChildProcess
  /** What it has written so far. */
  readonly log: () => string
  /** The field of the log line that said it was ready. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/**
 * Starts `main.ts` of a service, built, and waits until it says that it is ready. `from` is the folder of another
 * installation.
 */
export async function startProcess(
  service: 'router' | 'worker',
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  timeoutMs = 60_000,
  from = root,
): Promise<RunningProcess> {
  const child = spawn(
    process.execPath,
    [...serviceFlags, join(from, 'dist', 'services', service, 'main.js'), ...parameters],
    {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let log = ''
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${service} was not ready in time:\n${log}`)), timeoutMs)
    child.once('exit', code => reject(new Error(`${service} ended with ${code}:\n${log}`)))
    child.stderr.on('data', (piece: Buffer) => {
      log += piece.toString()
      const line = log.split('\n').find(one => one.includes(`${service} is ready`))
      if (line === undefined) return
      clearTimeout(timer)
      resolve(JSON.parse(line) as Record<string, unknown>)
    })
  })
  return {
    child,
    ready,
    log: () => log,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
      child.kill(signal)
      return exited
    },
  }
}

/** What a call came to: an answer or a failure, and how long it took. */
export type Called<T> =
  | { readonly answer: T; readonly failure?: undefined; readonly elapsedMs: number }
  | { readonly answer?: undefined; readonly failure: WireFailure; readonly elapsedMs: number }

/** A client of one router. */
export interface TestClient {
  readonly raw: GatewayClient
  readonly admin: AdminClient
  infer(request: InferRequest, options?: CallOptions): Promise<Called<InferResponse__Output>>
  stream(request: InferRequest, options?: CallOptions): Promise<Called<readonly InferEvent__Output[]>>
  submit(request: InferRequest, options?: CallOptions): Promise<Called<Job__Output>>
  job(jobId: string): Promise<Called<Job__Output>>
  /** Follows a job to its end; gives every state that was told. */
  watch(jobId: string): Promise<Called<readonly Job__Output[]>>
  /** Metadata that carries a key. */
  keyed(key: string): Metadata
  close(): void
}

/** How one call is made. */
export interface CallOptions {
  readonly deadlineMs?: number
  readonly key?: string
}

/** Connects to a router. */
export function connect(
  address: string,
  options: ClientOptions = {},
  channel: ChannelCredentials = credentials.createInsecure(),
): TestClient {
  const raw = new types.Gateway(address, channel, options)
  const admin = new types.Admin(address, channel, options)
  const unary = <Request, Response>(
    method: (
      request: Request,
      metadata: Metadata,
      options: object,
      callback: (error: ServiceError | null, answer?: Response) => void,
    ) => unknown,
    request: Request,
    call: CallOptions = {},
  ): Promise<Called<Response>> => {
    const startedAt = performance.now()
    return new Promise(resolve => {
      method.call(raw, request, metadataOf(call), deadlineOf(call), (error, answer) => {
        const elapsedMs = performance.now() - startedAt
        if (error !== null) resolve({ failure: readFailure(error, messages), elapsedMs })
        else resolve({ answer: answer as Response, elapsedMs })
      })
    })
  }
  return {
    raw,
    admin,
    infer: (request, call) => unary(raw.infer.bind(raw), request, call),
    submit: (request, call) => unary(raw.submit.bind(raw), { request }, call),
    job: jobId => unary(raw.getJob.bind(raw), { jobId }),
    stream: (request, call = {}) => gather(raw.inferStream(request, metadataOf(call), deadlineOf(call))),
    watch: jobId => gather(raw.watchJob({ jobId })),
    keyed: key => metadataOf({ key }),
    close() {
      raw.close()
      admin.close()
    },
  }
}

function gather<T>(stream: NodeJS.EventEmitter): Promise<Called<readonly T[]>> {
  const startedAt = performance.now()
  const events: T[] = []
  return new Promise(resolve => {
    stream.on('data', (event: T) => events.push(event))
    stream.once('end', () => resolve({ answer: events, elapsedMs: performance.now() - startedAt }))
    stream.once('error', (error: ServiceError) => {
      resolve({ failure: readFailure(error, messages), elapsedMs: performance.now() - startedAt })
    })
  })
}

function metadataOf({ key }: CallOptions): Metadata {
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
  return metadata
}

function deadlineOf({ deadlineMs }: CallOptions): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
}

/** A request to repeat a text. */
export function textRequest(text: string, more: InferRequest = {}): InferRequest {
  return { task: 'TASK_GENERATE', content: [{ text }], ...more }
}
