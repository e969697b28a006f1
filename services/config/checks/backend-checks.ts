import { meantBy, type ConfigFault } from './config-fault.ts'
import type { Path } from '../layers/located.ts'
import type { Config } from '../schema.ts'

type Backend = Config['models'][string]['backend']

type Recipe = Exclude<Config['ladders'][string]['rungs'][number], string>

/** What of a recipe its backend cannot do. */
export function backendFaults(path: Path, recipe: Recipe, backend: Backend | undefined): readonly ConfigFault[] {
  if (backend === undefined) return []
  return [...askedFaults(path, recipe, backend.kind), ...adapterFaults(path, recipe, backend)]
}

/** Kinds whose protocol carries what a recipe may ask of a provider. */
const carries = {
  serviceTier: new Set(['openai', 'gemini', 'echo']),
  reasoningEffort: new Set(['openai', 'anthropic', 'gemini', 'echo']),
} as const

function askedFaults(path: Path, recipe: Recipe, kind: string): readonly ConfigFault[] {
  return (['serviceTier', 'reasoningEffort'] as const).flatMap(key =>
    recipe[key] === undefined || carries[key].has(kind)
      ? []
      : [{ path: [...path, key], expected: `nothing; backend ${kind} does not carry it` }],
  )
}

/** A rung's adapter that its model does not have: every leg of it would fail. */
function adapterFaults(path: Path, { model, adapter }: Recipe, backend: Backend): readonly ConfigFault[] {
  if (adapter === undefined) return []
  const known = knownAdapters(backend)
  if (known === 'any' || known?.includes(adapter) === true) return []
  const field = [...path, 'adapter']
  if (known === undefined) return [{ path: field, expected: `nothing; backend ${backend.kind} has no adapters` }]
  const meant = meantBy(adapter, known)
  const expected = `an adapter of ${model}: ${known.join(', ') || '(none)'}`
  return [{ path: field, expected, ...(meant === undefined ? {} : { meant }) }]
}

/** A server may know more than are named here, by their own names: `any`. `undefined` of a backend that takes none. */
function knownAdapters(backend: Backend): readonly string[] | 'any' | undefined {
  if (!('adapters' in backend || 'model' in backend || backend.kind === 'llama')) return undefined
  const { adapters } = backend
  if (adapters !== undefined) return Object.keys(adapters)
  return backend.kind === 'llama' || isByNumber(backend) ? [] : 'any'
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
