import { GatewayError } from '#services/contract/errors'
import type { Modality, Task } from '#services/contract/content'
import type { Ladder, ModelSpec } from '#services/contract/model'
import type { Policy } from '#services/decision/policy/policy'
import type { GuidedLadder } from '#services/router/request/states'

/** Every ladder that this router runs, and every model that it knows. */
export interface LadderRegistry {
  /**
   * The ladder for a task and its modalities; a pinned model on no ladder makes a ladder of its own.
   * @throws GatewayError NoModel when there is none
   */
  find(wanted: Wanted): GuidedLadder
  /** The ladder by the name in a cascade's plan. */
  named(name: string): GuidedLadder | undefined
  readonly models: readonly ModelSpec[]
  /** What can be asked: every ladder. */
  readonly offers: readonly Ladder[]
}

/** What a ladder is looked for. */
export interface Wanted {
  readonly task: Task
  readonly modalities: readonly Modality[]
  readonly pinnedModel?: string
  /** Only the ladder of this name. */
  readonly ladder?: string
}

/** Begins the name of a ladder that one pinned model makes. */
const pinPrefix = 'pin:'

/**
 * Makes the registry; of two ladders that take a request, the first is escalated. `decider` gives the policy that
 * decides on a ladder at the moment; without it, each keeps the one that it was given with.
 */
export function createLadderRegistry(
  ladders: readonly GuidedLadder[],
  models: readonly ModelSpec[],
  decider?: (ladder: string) => Policy | undefined,
): LadderRegistry {
  const byName = new Map(ladders.map(guided => [guided.ladder.name, guided]))
  const guidedNow = (guided: GuidedLadder): GuidedLadder => {
    const policy = decider?.(guided.ladder.name)
    return policy === undefined || policy === guided.policy ? guided : { ...guided, policy }
  }
  const byModel = new Map(models.map(model => [model.name, model]))

  return {
    find({ task, modalities, pinnedModel, ladder: wanted }) {
      const takes = ladders.filter(
        ({ ladder }) =>
          ladder.task === task &&
          includesAll(ladder.modalities, modalities) &&
          (wanted === undefined || ladder.name === wanted),
      )
      const standing = pinnedModel === undefined ? takes[0] : takes.find(guided => stands(guided, pinnedModel))
      if (standing !== undefined) return guidedNow(standing)
      if (wanted !== undefined) throw noLadder({ task, modalities, ladder: wanted })
      const model = pinnedModel === undefined ? undefined : byModel.get(pinnedModel)
      if (model?.tasks.includes(task) === true && includesAll(model.modalities, modalities)) return pinned(model, task)
      throw noLadder({ task, modalities, ...(pinnedModel === undefined ? {} : { pinnedModel }) })
    },
    named(name) {
      const guided = byName.get(name)
      if (guided !== undefined) return guidedNow(guided)
      if (!name.startsWith(pinPrefix)) return undefined
      const [task, modelName] = splitPin(name)
      const model = byModel.get(modelName)
      const found = model?.tasks.find(one => one === task)
      return model === undefined || found === undefined ? undefined : pinned(model, found)
    },
    models,
    offers: ladders.map(({ ladder }) => ladder),
  }
}

function pinned(model: ModelSpec, task: Task): GuidedLadder {
  const rung = { name: model.name, model, recipe: {} }
  return { ladder: { name: `${pinPrefix}${task}:${model.name}`, task, modalities: model.modalities, rungs: [rung] } }
}

function splitPin(name: string): readonly [string, string] {
  const rest = name.slice(pinPrefix.length)
  const at = rest.indexOf(':')
  return [rest.slice(0, at), rest.slice(at + 1)]
}

function stands({ ladder }: GuidedLadder, model: string): boolean {
  return ladder.rungs.some(rung => rung.name === model || rung.model.name === model)
}

function includesAll(has: readonly Modality[], wanted: readonly Modality[]): boolean {
  return wanted.every(one => has.includes(one))
}

function noLadder({ task, modalities, pinnedModel, ladder }: Wanted): GatewayError {
  const what = `${task} with ${modalities.join(' and ')}`
  const who = ladder === undefined ? `model ${pinnedModel ?? ''}` : `ladder ${ladder}`
  const isPinned = pinnedModel !== undefined || ladder !== undefined
  const message = isPinned ? `${who} does not take ${what}` : `no ladder takes ${what}`
  return new GatewayError('NoModel', message, {
    stage: 'assess',
    reason: isPinned ? 'NO_MODEL_PIN' : 'NO_MODEL_LADDER',
    metadata: { task, modalities: modalities.join(',') },
  })
}
