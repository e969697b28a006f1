import { z } from 'zod'
import { formatNanoUsd } from '#services/contract/money'
import type { ProcessEvents } from './supervise.ts'
import type { LiveLine } from '#services/cli/output/live-line'
import type { Style, Terminal } from '#services/cli/output/terminal'
import type { LogFile } from './log-file.ts'

const logLine = z.looseObject({ level: z.string(), time: z.string(), msg: z.string() })
type LogLine = z.output<typeof logLine>

const levelStyles: Readonly<Record<string, Style>> = { warn: 'yellow', error: 'red', fatal: 'red' }

/** Where logs of child processes go beside the screen. */
export interface LogLinesPorts {
  readonly file: LogFile
  readonly live: LiveLine
  /** On a screen: every line, not only what a person has to know. */
  readonly verbose?: boolean
  /** Where no screen is: warnings and worse alone. */
  readonly quiet?: boolean
}

/**
 * Keeps what child processes write in a file. Beside that a person sees warnings and worse as one short line each,
 * and the requests that the configuration asks for; a program reads the lines of JSON as they are. What is no line
 * of JSON, such as what Redis or Node itself writes, goes to the file alone.
 */
export function createLogLines(terminal: Terminal, { file, live, verbose, quiet }: LogLinesPorts): ProcessEvents {
  const isShown = ({ level, msg }: LogLine): boolean =>
    verbose === true || level in levelStyles || (msg === 'request ended' && quiet !== true)
  return {
    onLine(name, line) {
      const parsed = logLine.safeParse(parseJson(line)).data
      file.write(parsed === undefined ? `${new Date().toISOString()} ${name}: ${line}` : line)
      if (parsed === undefined) {
        if (terminal.screen && verbose === true) live.above(`${terminal.paint('dim', name.padEnd(12))} ${line}`)
      } else if (terminal.screen) {
        if (isShown(parsed)) live.above(shortLine(name, parsed, terminal))
      } else if (quiet !== true || parsed.level in levelStyles) process.stderr.write(`${line}\n`)
    },
    onRestart(name, why, inMs) {
      const message = `${name} ended (${why}); it starts again in ${inMs} ms`
      file.write(`${new Date().toISOString()} ${message}`)
      if (terminal.screen) live.above(terminal.paint('red', message))
      else
        process.stderr.write(
          `${JSON.stringify({ level: 'error', time: new Date().toISOString(), service: 'up', msg: message })}\n`,
        )
    },
  }
}

function shortLine(name: string, line: LogLine, terminal: Terminal): string {
  const { level, time, msg, service: _service, err, ...rest } = line
  const head = terminal.paint('dim', `${timeOfDay(time)} ${name.padEnd(12)}`)
  if (msg === 'request ended') return `${head} ${requestText(rest)}`
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const style = levelStyles[level]
  const text = style === undefined ? msg : terminal.paint(style, msg)
  return [head, text, terminal.paint('dim', [...fields, ...errorOf(err)].join(' '))].join(' ').trimEnd()
}

const endedRequest = z.looseObject({
  task: z.string(),
  end: z.string(),
  elapsedMs: z.number(),
  rungs: z.array(z.string()).default([]),
  code: z.string().optional(),
  costNanoUsd: z.number().default(0),
})

function requestText(fields: Readonly<Record<string, unknown>>): string {
  const parsed = endedRequest.safeParse(fields).data
  if (parsed === undefined) return 'a request ended'
  const { task, end, elapsedMs, rungs, code, costNanoUsd } = parsed
  const how = code === undefined ? end : `${end}: ${code}`
  return `${task} ${how}  ${rungs.join(' → ')}  ${Math.round(elapsedMs)} ms  ${formatNanoUsd(costNanoUsd)}`
}

/** In the reader's time zone. */
function timeOfDay(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime()) ? iso : time.toTimeString().slice(0, 8)
}

function errorOf(error: unknown): readonly string[] {
  const parsed = z.looseObject({ message: z.string() }).safeParse(error)
  return parsed.success ? [`(${parsed.data.message})`] : []
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // A line that a library printed by itself.
    return undefined
  }
}
