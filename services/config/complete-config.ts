import type { Modality, Task } from '#services/contract/content'
import type { ModelCard } from '#services/contract/model'
import type { Config, ParsedConfig } from './schema.ts'

type ParsedModel = ParsedConfig['models'][string]
type ParsedLadder = ParsedConfig['ladders'][string]

/** Fills in what follows from the rest: modalities and cards of models, modalities of ladders. */
export function completeConfig({ extends: _gone, ...parsed }: ParsedConfig): Config {
  const models = mapValues(parsed.models, (model, name) => ({
    ...model,
    modalities: model.modalities ?? modalitiesOf(model),
    card: cardOf(name, model),
  }))
  const ladders = mapValues(parsed.ladders, ladder => ({
    ...ladder,
    modalities: ladder.modalities ?? commonModalities(ladder, models),
  }))
  return { ...parsed, models, ladders }
}

const usualModalities: Readonly<Record<Task, readonly Modality[]>> = {
  transcribe: ['audio'],
  ocr: ['image'],
  classify: ['text'],
  embed: ['text'],
  generate: ['text'],
  generate_image: ['text'],
}

/** What a task is about; a chat model on a server sees images only where its backend says so. */
function modalitiesOf({ tasks, backend }: ParsedModel): Modality[] {
  if (backend.kind === 'contrastive') return tasks.includes('embed') ? ['text', 'image'] : ['image']
  const sees = 'vision' in backend && backend.vision && tasks.includes('generate')
  return [...new Set([...tasks.flatMap(task => usualModalities[task]), ...(sees ? (['image'] as const) : [])])]
}

const notStated = 'not stated'

function cardOf(name: string, { backend, card = {} }: ParsedModel): ModelCard {
  const given = Object.fromEntries(Object.entries(card).filter(([, words]) => words !== undefined))
  return {
    title: titleOf(name, backend),
    licence: notStated,
    source: sourceOf(backend),
    trainingData: notStated,
    limits: notStated,
    ...given,
  }
}

function titleOf(name: string, backend: ParsedModel['backend']): string {
  if ('model' in backend) return `${name} (${backend.model})`
  return 'pack' in backend ? `${name} (${backend.pack})` : name
}

/** Where a model is served from, or its kind; an address may hold a credential, so only its host is shown. */
function sourceOf(backend: ParsedModel['backend']): string {
  if (!('endpoints' in backend || 'baseUrl' in backend)) return backend.kind
  const [first] = [backend.baseUrl, ...(backend.endpoints ?? [])].filter(address => address !== undefined)
  return first === undefined ? backend.kind : new URL(first).host
}

/** What every rung takes, so that a request is never sent up to one that cannot see it. */
function commonModalities({ rungs, fallbacks }: ParsedLadder, models: Config['models']): Modality[] {
  const taken = [...rungs, ...fallbacks].flatMap(rung => {
    const model = models[typeof rung === 'string' ? rung : rung.model]
    if (model === undefined) return []
    const read = typeof rung === 'string' ? [] : (Object.keys(rung.readers ?? {}) as Modality[])
    return [[...new Set([...model.modalities, ...read])]]
  })
  const [first = [], ...others] = taken
  return first.filter(modality => others.every(modalities => modalities.includes(modality)))
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
