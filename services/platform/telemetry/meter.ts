import type { SpanAttributes } from './tracer.ts'

/** A distribution that is measured. */
export interface HistogramDefinition {
  readonly name: string
  /** In UCUM, such as `s` or `{token}`. */
  readonly unit: string
  readonly description: string
  /** Upper bounds of its buckets. */
  readonly bounds: readonly number[]
}

/** Takes a value of a histogram, with attributes of closed sets. */
export type RecordValue = (value: number, attributes: SpanAttributes) => void

/** Measures, and sends what was measured away now and then. */
export interface Meter {
  /** False when nothing is recorded. */
  readonly records: boolean
  histogram(definition: HistogramDefinition): RecordValue
  /** Sends what is left. */
  close(): Promise<void>
}

/** The meter of a system without a place to send measurements to. */
export const noMeter: Meter = {
  records: false,
  histogram: () => () => {},
  close: async () => {},
}
