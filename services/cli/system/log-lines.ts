import { z } from 'zod'
import type { ProcessEvents } from './supervise.ts'
import type { Style, Terminal } from '#services/cli/output/terminal'

const logLine = z.looseObject({ level: z.string(), time: z.string(), msg: z.string() })

const levelStyles: Readonly<Record<string, Style>> = { warn: 'yellow', error: 'red', fatal: 'red' }

/** Shows the logs of child processes on standard error: as they are, or on a screen one short line each. */
export function createLogLines(terminal: Terminal): ProcessEvents {
  return {
    onLine: (name, line) => process.stderr.write(`${terminal.screen ? prettyLine(name, line, terminal) : line}\n`),
    onRestart: (name, why, inMs) =>
      process.stderr.write(`${terminal.paint('red', name)} ended (${why}); it starts again in ${inMs} ms\n`),
  }
}

/** Shows only warnings and worse: where a person looks at something else. */
export function createQuietLines(terminal: Terminal): ProcessEvents {
  const all = createLogLines(terminal)
  return {
    ...all,
    onLine(name, line) {
      if (/"level":"(warn|error|fatal)"/u.test(line)) all.onLine(name, line)
    },
  }
}

function prettyLine(name: string, line: string, terminal: Terminal): string {
  const parsed = logLine.safeParse(parseJson(line))
  if (!parsed.success) return `${terminal.paint('dim', name.padEnd(12))} ${line}`
  const { level, time, msg, service: _service, err, ...rest } = parsed.data
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const head = terminal.paint('dim', `${time.slice(11, 19)} ${name.padEnd(12)}`)
  const style = levelStyles[level]
  const text = style === undefined ? msg : terminal.paint(style, msg)
  return [head, text, terminal.paint('dim', [...fields, ...errorOf(err)].join(' '))].join(' ').trimEnd()
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
