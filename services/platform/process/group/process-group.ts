import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { aliveQuestion, type FromMember, type ToMember } from './group-member.ts'
import { configExitCode } from '#services/platform/process/run-service'

/** Processes of one program that share its ports, as the process sees them that started them. */
export interface ProcessGroup {
  /** What the first member told when it was ready. */
  readonly value: unknown
  /** Asks every member that is ready; gives its answer by its number. Those that do not answer in time are left out. */
  ask(question: string): Promise<ReadonlyMap<number, unknown>>
  /** Whether the member of this number has not ended. */
  isAlive(member: number): boolean
  /** Lets every member finish what it has; resolves when all have ended. */
  drain(): Promise<void>
}

const firstPauseMs = 200
const longestPauseMs = 5000
/** One that ran this long was well: its next end is a first one. */
const wellAfterMs = 30_000
/** A program that ended so often before any member was ready will not get better by itself. */
const startAttempts = 5
/** Longest wait for the answer of a member: a scrape waits ten seconds. */
const answerMs = 2000

/** How often members are asked whether they live, and how many questions in a row one may leave without an answer. */
const aliveEveryMs = 5000
const mostUnanswered = 6
/** Nobody waits for the answers: whatever a member says tells that it lives. */
const aliveId = 0

interface Member {
  readonly worker: Worker
  readonly startedAt: number
  isReady: boolean
  /** Times that it was asked whether it lives since it last said anything. */
  unanswered: number
}

/**
 * Starts so many processes of this program, and starts those again that end by themselves, with growing pauses. One
 * that says nothing for half a minute is ended.
 * Connections to the ports that they listen on go to one after the other.
 * @throws GatewayError Config when they cannot start
 */
export async function startProcessGroup(size: number, logger: Logger): Promise<ProcessGroup> {
  const members = new Set<Member>()
  const questions = new Map<number, (member: Member, answer: unknown) => void>()
  const outcome: { settle?: (value: unknown, failure?: Error) => void } = {}
  const first = new Promise<unknown>((resolve, reject) => {
    outcome.settle = (value, failure) => (failure === undefined ? resolve(value) : reject(failure))
  })
  let asked = 0
  let crashes = 0
  let wasReady = false
  let isStopping = false
  let whenEmpty: (() => void) | undefined

  const hear = (member: Member, message: FromMember): void => {
    member.unanswered = 0
    if (message.kind === 'answer') return questions.get(message.id)?.(member, message.answer)
    member.isReady = true
    wasReady = true
    outcome.settle?.(message.value)
  }
  const start = (): void => {
    if (isStopping) return
    const worker = cluster.fork()
    const member: Member = { worker, startedAt: Date.now(), isReady: false, unanswered: 0 }
    members.add(member)
    worker.on('message', (message: FromMember) => hear(member, message))
    worker.on('error', error => logger.debug({ err: error }, 'a message to a process was lost'))
    worker.once('exit', (code, signal) => ended(member, code, signal))
  }
  const ended = (member: Member, code: number | null, signal: string | null): void => {
    members.delete(member)
    if (members.size === 0) whenEmpty?.()
    if (isStopping) return
    crashes = Date.now() - member.startedAt > wellAfterMs ? 1 : crashes + 1
    if (!wasReady && (code === configExitCode || crashes >= startAttempts)) {
      outcome.settle?.(undefined, new GatewayError('Config', 'its processes cannot start; the lines above say why'))
      return
    }
    const inMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (crashes - 1))
    logger.warn({ why: signal ?? `exit code ${code}`, inMs }, 'a process ended and is started again')
    setTimeout(start, inMs)
  }

  // One that hangs keeps its connections and is handed new ones; nobody outside sees which it is.
  const askWhetherAlive = (): void => {
    for (const member of [...members].filter(({ isReady }) => isReady)) {
      if (member.unanswered >= mostUnanswered) {
        logger.error({ pid: member.worker.process.pid }, 'a process does not answer and is killed')
        member.worker.process.kill('SIGKILL')
      }
      member.unanswered += 1
      send(member.worker, { kind: 'question', id: aliveId, question: aliveQuestion })
    }
  }
  setInterval(askWhetherAlive, aliveEveryMs).unref()
  // A member must not outlive this process, however it ends.
  process.once('exit', () => {
    for (const { worker } of members) worker.process.kill('SIGKILL')
  })
  for (let at = 0; at < size; at += 1) start()
  const value = await first
  return {
    value,
    async ask(question) {
      const asking = [...members].filter(({ isReady }) => isReady)
      const id = (asked += 1)
      const answers = new Map<Member, unknown>()
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, answerMs)
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        questions.set(id, (member, answer) => {
          answers.set(member, answer)
          if (answers.size === asking.length) done()
        })
        for (const { worker } of asking) send(worker, { kind: 'question', id, question })
        if (asking.length === 0) done()
      })
      questions.delete(id)
      return new Map([...answers].map(([{ worker }, answer]) => [worker.id, answer]))
    },
    isAlive: id => [...members].some(({ worker }) => worker.id === id),
    async drain() {
      isStopping = true
      const empty = new Promise<void>(resolve => (whenEmpty = resolve))
      for (const { worker } of members) send(worker, { kind: 'drain' })
      if (members.size > 0) await empty
    },
  }
}

/** A member that ends meanwhile reports by its exit. */
function send(worker: Worker, message: ToMember): void {
  if (worker.isConnected()) worker.send(message, () => {})
}
