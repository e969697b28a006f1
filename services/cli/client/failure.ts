import { isGatewayError } from '#services/contract/errors'
import { configExitCode } from '#services/platform/process/run-service'
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

/** Says why a command failed, as text or JSON; gives the exit code. */
export function tellFailure(error: unknown, terminal: Terminal): number {
  const { kind, message, exitCode } = describe(error)
  if (terminal.json) terminal.value({ error: { code: kind, message } })
  else process.stderr.write(`${terminal.paint('red', kind)}: ${message}\n`)
  return exitCode
}

function describe(error: unknown): { readonly kind: string; readonly message: string; readonly exitCode: number } {
  if (isGatewayError(error)) {
    return { kind: error.code, message: error.message, exitCode: error.code === 'Config' ? configExitCode : 1 }
  }
  if (error instanceof CommandFault) return { kind: 'usage', message: error.message, exitCode: configExitCode }
  if (isServiceError(error)) return { kind: codeName(error.code), message: error.details, exitCode: 1 }
  return { kind: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 70 }
}

function isServiceError(error: unknown): error is { readonly code: number; readonly details: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}
