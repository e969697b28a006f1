import { isGatewayError } from '#services/contract/errors'
import { configExitCode } from '#services/platform/process/run-service'
import { selfCommand } from '#services/cli/output/self-command'
import type { Terminal } from '#services/cli/output/terminal'

/** What a command was given does not make sense; its text is shown as it is. */
export class CommandFault extends Error {}

/** Names of gRPC's codes, in their order. @source https://grpc.io/docs/guides/status-codes/ */
const codeNames =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  )

/** The name of a gRPC status code. */
export function codeName(code: number): string {
  return codeNames[code] ?? `code ${code}`
}

/** Reports why a command failed, as text or JSON; gives the exit code. */
export function reportFailure(error: unknown, terminal: Terminal): number {
  const { kind, message, exitCode } = describeFailure(error)
  if (terminal.json) terminal.value({ error: { code: kind, message } })
  else process.stderr.write(`${terminal.paint('red', kind)}: ${message}\n`)
  return exitCode
}

/** An error as text for people and as JSON for programs. */
export function describeFailure(error: unknown): {
  readonly kind: string
  readonly message: string
  readonly exitCode: number
} {
  if (isGatewayError(error)) {
    return { kind: error.code, message: error.message, exitCode: error.code === 'Config' ? configExitCode : 1 }
  }
  if (error instanceof CommandFault) return { kind: 'usage', message: error.message, exitCode: configExitCode }
  if (isServiceError(error))
    return { kind: codeName(error.code), message: unreachable(error) ?? error.details, exitCode: 1 }
  return { kind: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 70 }
}

/** What to do where nothing listens; the channel itself tells only of the socket. */
function unreachable({ code, details }: { readonly code: number; readonly details: string }): string | undefined {
  const refused = /\bECONNREFUSED\b(?: (\S+:\d+))?/u.exec(details)
  if (codeName(code) !== 'UNAVAILABLE' || refused === null) return undefined
  const at = refused[1] === undefined ? '' : ` at ${refused[1]}`
  return `no gateway answers${at}. Start one in another terminal: ${selfCommand()} up (or npm start). For one elsewhere: --address HOST:PORT`
}

/** Whether an error is what a call ended in. */
export function isServiceError(error: unknown): error is { readonly code: number; readonly details: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}
