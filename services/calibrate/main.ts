import { text } from 'node:stream/consumers'
import { isGatewayError } from '#services/contract/errors'
import { forbidTelemetry } from '#services/platform/process/forbid-telemetry'
import { measureRecords, type MeasureRecords } from './measure-records.ts'

/**
 * A process that measures a policy for a router, so that the router answers its callers meanwhile: what to measure
 * comes on standard input, what it came to goes to standard output, `{ report }` or `{ fault }`.
 */
async function main(): Promise<void> {
  const wanted = JSON.parse(await text(process.stdin)) as MeasureRecords
  const answer = await measureRecords(wanted).then(
    report => ({ report }),
    (error: unknown) => {
      if (isGatewayError(error)) return { fault: error.message }
      throw error
    },
  )
  process.stdout.write(JSON.stringify(answer))
}

forbidTelemetry()
await main()
