import { shownAddress } from '#services/platform/http/shown-address'
import type { Config } from '#services/config/schema'
import { probeHttp } from './probe-http.ts'
import { probeOpenInference } from './probe-open-inference.ts'
import type { ProbeFinding, ProbeResult } from './probe-finding.ts'

type Backend = Config['models'][string]['backend']
type Served = Extract<Backend, { readonly kind: 'openai' | 'anthropic' | 'gemini' | 'oip' }>

/** Which models are probed, and how long a server may take. */
export interface ProbeOptions {
  readonly isWanted: (model: string) => boolean
  readonly timeoutMs: number
}

/**
 * Examines the servers of models, each endpoint by itself; the findings stand in the order of the configuration.
 * Never throws.
 */
export async function probeServers(
  { models }: Config,
  { isWanted, timeoutMs }: ProbeOptions,
): Promise<readonly ProbeFinding[]> {
  const probes = Object.entries(models).flatMap(([model, { backend }]) => {
    if (!isServed(backend) || !isWanted(model)) return []
    const baseUrls = backend.endpoints ?? (backend.baseUrl === undefined ? [] : [backend.baseUrl])
    return baseUrls.map(async (baseUrl): Promise<ProbeFinding> => {
      const result = await probe(backend, baseUrl, timeoutMs)
      return { model, server: shownAddress(baseUrl), ...result }
    })
  })
  return Promise.all(probes)
}

function isServed(backend: Backend): backend is Served {
  return 'model' in backend
}

async function probe(backend: Served, baseUrl: string, timeoutMs: number): Promise<ProbeResult> {
  try {
    if (backend.kind === 'oip') {
      const { model: served, version = '', input, output, score } = backend
      const outputs = score === undefined ? [output] : [output, score]
      return await probeOpenInference({ baseUrl, served, version, inputs: [input], outputs }, timeoutMs)
    }
    const { kind, apiKey, model, adapters = {} } = backend
    const key = apiKey === '' ? undefined : apiKey
    return await probeHttp({ kind, baseUrl, apiKey: key, served: [model, ...Object.values(adapters)] }, timeoutMs)
  } catch {
    return { state: 'failing', message: 'the look at it failed in an unexpected way' }
  }
}
