import { pino, type Logger } from 'pino'

/** Makes the log: JSON lines on standard error, without host name. Content and credentials are never given to it; as a last net, fields that could hold them are cut out. */
export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: ['authorization', '*.authorization', '*.apiKey', '*.text', '*.bytes', '*.content'],
        remove: true,
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
