import type { Logger } from 'pino'
import { isGatewayError } from '#services/contract/errors'
import type { GroupMember } from './group/group-member.ts'
import { forbidTelemetry } from './forbid-telemetry.ts'
import { missingServiceFlags } from './service-flags.ts'

/** A running service as its process sees it. */
export interface Service {
  /** Longest that what is under way is waited for. */
  readonly drainMs: number
  /** Takes nothing new, finishes what it has, lets go of everything. */
  drain(): Promise<void>
}

/** Exit code for a configuration that cannot be used: starting again will not help. */
export const configExitCode = 2

/** A drain that takes this much longer than what is under way may hangs. */
const drainSlackMs = 30_000
/** Without a supervisor there is most likely no Redis either: what cannot be finished soon cannot be finished. */
const orphanDrainMs = 10_000

/** How a service is run. */
export interface RunOptions {
  readonly logger: Logger
  /** Whether a parent holds standard input, and waits for `ready` on standard output. */
  readonly parentPipe: boolean
  /** Set where this process is one of a group: the process that started it drains it. */
  readonly member?: GroupMember | undefined
}

/**
 * Runs a service as this process: SIGTERM, SIGINT, or the closing of standard input by a parent that died (when
 * `parentPipe`) drain it, once; a second signal ends it at once. A fault at start is one plain line; a bug is
 * logged whole and ends the process, so that whoever supervises it starts a clean one. A supervised process says
 * `ready` on standard output.
 */
export async function runService(
  start: () => Promise<Service>,
  { logger, parentPipe, member }: RunOptions,
): Promise<void> {
  forbidTelemetry()
  const flags = missingServiceFlags()
  if (flags.length > 0) logger.info({ flags }, 'started without V8 flags that a service runs best with')
  let service: Service | undefined
  let draining = false
  const drain = async (why: string, mostMs = Number.POSITIVE_INFINITY): Promise<void> => {
    if (draining) process.exit(1)
    draining = true
    const limitMs = Math.min(mostMs, (service?.drainMs ?? 0) + drainSlackMs)
    setTimeout(() => {
      logger.error({ why, limitMs }, 'draining took too long')
      process.exit(1)
    }, limitMs).unref()
    logger.info({ why }, 'draining')
    try {
      await service?.drain()
      logger.info('drained')
      process.exit(0)
    } catch (error) {
      logger.error({ err: error }, 'draining failed')
      process.exit(1)
    }
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // A signal to all of a group is for the process that started it to answer.
    process.on(signal, () => void (member === undefined && drain(signal)))
  }
  member?.onDrain(() => void drain('the group drains'))
  process.on('uncaughtException', error => die(logger, error))
  process.on('unhandledRejection', error => die(logger, error))
  if (parentPipe) {
    process.stdin.resume()
    process.stdin.once('close', () => void drain('the parent process ended', orphanDrainMs))
    process.stdin.on('error', () => {
      // `close` follows.
    })
  }
  try {
    service = await start()
    if (parentPipe) process.stdout.write('ready\n')
  } catch (error) {
    if (!isGatewayError(error)) return die(logger, error)
    logger.fatal(error.message)
    process.exit(error.code === 'Config' ? configExitCode : 1)
  }
}

function die(logger: Logger, error: unknown): void {
  logger.fatal({ err: error }, 'a bug')
  process.exit(70)
}
