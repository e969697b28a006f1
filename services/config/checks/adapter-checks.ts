import { meantBy, type ConfigFault } from './config-fault.ts'
import type { Path } from '../layers/located.ts'
import type { Config } from '../schema.ts'

type Backend = Config['models'][string]['backend']

/** A rung's adapter that its model does not have: every leg of it would fail. */
export function adapterFaults(
  path: Path,
  rung: Config['ladders'][string]['rungs'][number],
  backend: Backend | undefined,
) {
  if (typeof rung === 'string' || rung.adapter === undefined || backend === undefined) return []
  const fault = (expected: string, meant?: string): readonly ConfigFault[] => [
    { path: [...path, 'adapter'], expected, ...(meant === undefined ? {} : { meant }) },
  ]
  if (!('model' in backend) && backend.kind !== 'llama')
    return fault(`nothing; backend ${backend.kind} has no adapters`)
  const { adapters } = backend
  // A server may know more adapters than are named here, by their own names.
  if (adapters === undefined && backend.kind !== 'llama' && !isByNumber(backend)) return []
  const known = Object.keys(adapters ?? {})
  if (known.includes(rung.adapter)) return []
  return fault(`an adapter of ${rung.model}: ${known.join(', ') || '(none)'}`, meantBy(rung.adapter, known))
}

/** Adapters of a server that numbers them, by something else than a number. */
export function adapterNumberFaults(path: Path, backend: Backend): readonly ConfigFault[] {
  if (!isByNumber(backend)) return []
  const numbers = Object.entries(backend.adapters ?? {}).flatMap(([name, number]): readonly ConfigFault[] =>
    /^\d+$/u.test(number)
      ? []
      : [{ path: [...path, 'adapters', name], expected: 'a number, as with adapterField: lora' }],
  )
  const isChat = backend.api === 'chat'
  return isChat
    ? numbers
    : [...numbers, { path: [...path, 'adapterField'], expected: 'model; api: responses has no lora' }]
}

function isByNumber(backend: Backend): backend is Extract<Backend, { kind: 'openai' }> {
  return backend.kind === 'openai' && backend.adapterField === 'lora'
}
