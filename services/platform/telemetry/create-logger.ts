import { pino, type Logger } from 'pino'

/** Lines of requests are written when there are so many bytes of them, or after so long. */
const requestLines = { minLength: 8192, periodicFlush: 250 } as const

/**
 * Makes a log for lines of requests, in the form of the other: many go out in one write, since each wakes whoever
 * reads them. Nothing is cut out of what it is given, so it is for fields that are known one by one.
 */
export function createRequestLogger(service: string): Logger {
  const destination = pino.destination({ dest: 2, sync: true, ...requestLines })
  process.once('exit', () => destination.flushSync())
  return pino(form(service), destination)
}

function form(service: string) {
  return {
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
}

/**
 * Makes the log: JSON lines on standard error, without host name. Content and credentials are never given to it; as
 * a last net, fields that could hold them are cut out.
 */
export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      ...form(service),
      level,
      redact: {
        paths: ['authorization', '*.authorization', '*.apiKey', '*.text', '*.bytes', '*.content'],
        remove: true,
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
