import type { Config } from '../schema.ts'
import { noSuchName, type ConfigFault } from './config-fault.ts'

type Models = Config['models']
type ConfiguredRecipe = Exclude<Config['ladders'][string]['rungs'][number], string>

/**
 * Kinds that call a server: a verifier is asked by the worker of the rung, which has no room for another model's
 * weights.
 */
const servedKinds: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini', 'echo'])

/** Faults of the models that a recipe asks beside its own: those that read media first, and the one that judges. */
export function askedModelFaults(
  path: readonly (string | number)[],
  rung: ConfiguredRecipe,
  models: Models,
): readonly ConfigFault[] {
  const { verifier } = rung
  const judged = verifier?.kind === 'model' ? verifierFaults(path, verifier.model, models) : []
  return [...readerFaults(path, rung, models), ...judged]
}

function verifierFaults(path: readonly (string | number)[], verifier: string, models: Models): ConfigFault[] {
  const model = models[verifier]
  if (model === undefined) return [noSuchName([...path, 'verifier', 'model'], 'models', verifier, models)]
  return model.tasks.includes('generate') && servedKinds.has(model.backend.kind)
    ? []
    : [{ path: [...path, 'verifier', 'model'], expected: 'a model on a server, with task generate' }]
}

/** A worker has the weights of its own pool, and may ask any server. */
function readerFaults(
  path: readonly (string | number)[],
  { model: modelName, readers = {} }: ConfiguredRecipe,
  models: Models,
): ConfigFault[] {
  return (['audio', 'image'] as const).flatMap(kind => {
    const named = readers[kind]
    if (named === undefined) return []
    const at = [...path, 'readers', kind]
    const reader = models[named]
    if (reader === undefined) return [noSuchName(at, 'models', named, models)]
    const task = kind === 'audio' ? 'transcribe' : 'ocr'
    const isNear = reader.pool === models[modelName]?.pool || servedKinds.has(reader.backend.kind)
    return reader.tasks.includes(task) && isNear
      ? []
      : [{ path: at, expected: `a model with task ${task}, of the pool of ${modelName} or on a server` }]
  })
}
