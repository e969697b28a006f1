import type { Config } from '#services/config/schema'
import type { BackendSpec } from './create-backend.ts'

/** The configured backend without the fields that were left out. */
export function backendSpecOf(backend: Config['models'][string]['backend']): BackendSpec {
  const given = Object.entries(backend).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as unknown as BackendSpec
}

/** Kinds that call a server. */
const servedKinds: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini', 'oip'])

/** Whether a backend calls a server, and computes nothing by itself. */
export function isServed({ kind }: Pick<BackendSpec, 'kind'>): boolean {
  return servedKinds.has(kind)
}
