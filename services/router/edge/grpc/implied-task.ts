import { isWords, type Modality, type Task } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import type { InferenceRequest } from '#services/contract/request'
import { howToClassify } from '#services/router/admit/check-options'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'

/** Returns what a request without a task asks for. @throws GatewayError InvalidRequest that lists what can be asked */
export type ImpliedTask = (request: Omit<InferenceRequest, 'task'>) => Task

/** The parts of a request from which its task is inferred. */
export interface ImpliedTaskDependencies {
  readonly ladders: Pick<LadderRegistry, 'models' | 'offers'>
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
}

/**
 * Makes the rule for requests without a task. Labels or a label set mean `classify`, and a pinned model of one task
 * means that task. Words and conversations mean `generate`; audio alone means `transcribe`, and a picture alone the
 * reading of its text. A task is never chosen because its models happen to take text: a classifier would answer a
 * question that nobody put to it.
 */
export function createImpliedTask({ ladders, labelSets }: ImpliedTaskDependencies): ImpliedTask {
  const isOffered = (task: Task, modalities: readonly Modality[]): boolean =>
    ladders.offers.some(one => one.task === task && modalities.every(modality => one.modalities.includes(modality)))
  const tasksOf = (model?: string): readonly Task[] => ladders.models.find(({ name }) => name === model)?.tasks ?? []
  return ({ parts, messages, options, constraints }) => {
    if (messages !== undefined) return 'generate'
    if ((options.labelSet ?? options.labels) !== undefined) return 'classify'
    const [only, ...others] = tasksOf(constraints.model)
    if (only !== undefined && others.length === 0) return only
    const modalities = [...new Set(parts.map((part): Modality => (isWords(part) ? 'text' : part.kind)))]
    const meant = taskOf(modalities)
    // The text of a document is read where no model takes it whole.
    const asText = modalities.map(modality => (modality === 'document' ? 'text' : modality))
    if (meant !== undefined && (isOffered(meant, modalities) || isOffered(meant, asText))) return meant
    if (modalities.length === 0)
      throw invalidField('content', `expected at least one part; ${offersOf(ladders, labelSets)}`)
    const what = modalities.join(' and ')
    throw invalidField(
      'task',
      `expected a task, since ${what} alone implies none here; ${offersOf(ladders, labelSets)}`,
    )
  }
}

function taskOf(modalities: readonly Modality[]): Task | undefined {
  const [first, ...others] = modalities
  if (first === undefined) return undefined
  if (others.length > 0 || first === 'text' || first === 'video' || first === 'document') return 'generate'
  return first === 'audio' ? 'transcribe' : 'ocr'
}

/** What can be asked here, in words. */
function offersOf({ offers }: Pick<LadderRegistry, 'offers'>, labelSets: ReadonlySet<string>): string {
  const each = offers.map(({ task, modalities }) => {
    const how = task === 'classify' ? ` (${howToClassify(labelSets)})` : ''
    return `${task} with ${modalities.join(' and ')}${how}`
  })
  return `available: ${[...new Set(each)].join('; ') || 'nothing, since no ladder is configured'}`
}
