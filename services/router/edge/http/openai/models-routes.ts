import type OpenAI from 'openai'
import { GatewayError } from '#services/contract/errors'
import type { Ladder, ModelSpec } from '#services/contract/model'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { Fleet } from '#services/router/pools/fleet'
import type { HttpCall, Route } from '../serve-route.ts'

/** What is listed. */
export interface ModelsDependencies {
  readonly ladders: Pick<LadderRegistry, 'models' | 'offers'>
  readonly fleet: () => Fleet
}

type Listed = OpenAI.Model & { readonly sluice: object }

/**
 * `GET /v1/models` and `GET /v1/models/:model`: `auto`, every ladder and every model, in the shape of whichever
 * wire asks.
 */
export function createModelsRoutes(dependencies: ModelsDependencies): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/models',
      rpc: 'ListModels',
      scope: 'infer',
      dialect: 'openai',
      summary: '`auto`, ladders and models',
      async answer(_body, call) {
        const all = listed(dependencies)
        if (!isAnthropic(call)) return { object: 'list', data: all }
        const data = all.map(anthropicModel)
        return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
      },
    },
    {
      method: 'GET',
      path: '/v1/models/:model',
      rpc: 'ListModels',
      scope: 'infer',
      dialect: 'openai',
      summary: 'One of them',
      async answer(_body, call) {
        const { model } = call.request.params as { model: string }
        const found = listed(dependencies).find(({ id }) => id === model)
        if (found === undefined) {
          throw new GatewayError('NotFound', 'there is no model or ladder of this name', { reason: 'MODEL_NOT_FOUND' })
        }
        return isAnthropic(call) ? anthropicModel(found) : found
      },
    },
  ]
}

/** Both wires list models at this path; Anthropic's clients always send their version. */
function isAnthropic({ headers }: HttpCall): boolean {
  return headers['anthropic-version'] !== undefined
}

function anthropicModel({ id, created, sluice }: Listed) {
  return { type: 'model', id, display_name: id, created_at: new Date(created * 1000).toISOString(), sluice }
}

function listed({ ladders, fleet }: ModelsDependencies): readonly Listed[] {
  const { models, offers } = ladders
  const auto = { kind: 'auto', tasks: [...new Set(offers.map(({ task }) => task))] }
  return [
    entry('auto', auto),
    ...offers.map(ladder => entry(ladder.name, ladderInfo(ladder))),
    ...models.map(model => entry(model.name, modelInfo(model, fleet()))),
  ].filter(({ id }, index, all) => all.findIndex(other => other.id === id) === index)
}

/** When models were made is not known here, and the wires have no word for that. */
function entry(id: string, sluice: object): Listed {
  return { id, object: 'model', created: 0, owned_by: 'sluice', sluice }
}

function ladderInfo({ task, modalities, rungs }: Ladder): object {
  return { kind: 'ladder', tasks: [task], modalities, rungs: rungs.map(rung => rung.name) }
}

function modelInfo(model: ModelSpec, fleet: Fleet): object {
  const workers = fleet.workersOf(model.pool, model.name)
  return {
    kind: 'model',
    tasks: model.tasks,
    modalities: model.modalities,
    tier: model.tier,
    pool: model.pool,
    workers: workers.filter(worker => !worker.draining).length,
    waiting: fleet.pool(model.pool).waiting,
    card: model.card,
  }
}
