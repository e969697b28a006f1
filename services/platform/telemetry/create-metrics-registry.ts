import { collectDefaultMetrics, Registry } from 'prom-client'

/**
 * Makes a process's registry, with what Node tells of itself. It speaks OpenMetrics, the format that exemplars
 * need.
 */
export function createMetricsRegistry(): Registry {
  const registry = new Registry()
  // The types bind a registry to one format for life, and every metric with it.
  const speaking: { setContentType(type: string): void } = registry
  speaking.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  collectDefaultMetrics({ register: registry })
  return registry
}
