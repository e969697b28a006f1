import type { Modality, Task } from './content.ts'
import type { Price } from './price.ts'

/** What is known of a model, so that nobody need take it for a black box. */
export interface ModelCard {
  readonly title: string
  readonly licence: string
  readonly source: string
  readonly trainingData: string
  readonly limits: string
  readonly parameters?: number
}

/** A model as a rung can name it. */
export interface ModelSpec {
  readonly name: string
  readonly tasks: readonly Task[]
  /** Modalities that the model can take together. */
  readonly modalities: readonly Modality[]
  readonly tier: string
  readonly pool: string
  readonly price: Price
  readonly card: ModelCard
  /** `embed`: the space that its vectors live in; spaces do not mix. */
  readonly space?: string
}

/** One rung: a model with the recipe by which it is asked. */
export interface Rung {
  /** Name of the rung in policies and answers: the model's name, or `<model>@<recipe>`. */
  readonly name: string
  readonly model: ModelSpec
  readonly recipe: Recipe
}

/** How a model is asked. Data, versioned with the policy. */
export interface Recipe {
  readonly promptTemplate?: string
  readonly adapter?: string
  readonly temperature?: number
  readonly maxOutputTokens?: number
}

/** An ordered plan of rungs for a task, cheap to dear. */
export interface Ladder {
  readonly name: string
  readonly task: Task
  readonly modalities: readonly Modality[]
  readonly rungs: readonly Rung[]
}
