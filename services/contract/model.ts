import type { Capability } from './capabilities.ts'
import type { Modality, ReasoningEffort, ServiceTier, Task } from './content.ts'
import type { RetrievalOptions } from './retrieval/evidence.ts'
import type { DatedPrice, Price } from './price.ts'

/** The model card: what is known of a model. */
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
  /** What it can be asked for beside its tasks; everything when absent. */
  readonly takes?: readonly Capability[]
  readonly tier: string
  readonly pool: string
  /** What it costs where no dated price is in force; empty means unknown, and scopes with a budget refuse it. */
  readonly price: Price
  readonly datedPrices?: readonly DatedPrice[]
  /** Most tokens that it counts for one image; what models of the day usually count when absent. */
  readonly imageTokens?: number
  /** A leg is stopped when it has run for this long. */
  readonly longestLegMs?: number
  readonly card: ModelCard
  /** `embed`: the space that its vectors live in; spaces do not mix. */
  readonly space?: string
  /** Adapters (LoRA) that a request may ask for by name. */
  readonly adapters?: readonly string[]
}

/** One rung: a model with the recipe by which it is asked. */
export interface Rung {
  /** Name of the rung in policies and answers: the model's name, or `<model>@<recipe>`. */
  readonly name: string
  readonly model: ModelSpec
  readonly recipe: Recipe
  /** Called only when the rungs before it failed; the policy does not know it. */
  readonly fallback?: boolean
  /** Legs that may run on this rung beside its own; none when absent. Each is reserved at the price of the rung. */
  readonly extraLegs?: ExtraLegs
}

/** What a leg is run for: the answer itself, or something beside it. */
export type LegPurpose = 'answer' | 'retry' | 'hedge' | 'sample' | 'verify' | 'shadow'

/** Most legs beside a rung's own, by what they are for. */
export type ExtraLegs = Readonly<Partial<Record<Exclude<LegPurpose, 'answer'>, number>>>

/** Who pays for a leg: the tenant whose request it is, or the deployment. */
export type Payer = 'tenant' | 'deployment'

/** Who pays for what; the tenant where nothing is said. */
export type Payers = Readonly<Partial<Record<LegPurpose, Payer>>>

/** How a model is asked. Data, versioned with the policy. */
export interface Recipe {
  /** The text of the content replaces `{input}`. */
  readonly promptTemplate?: string
  /** How to behave; the caller's own instruction comes after it. */
  readonly system?: string
  /** Questions with their answers, shown before the content. */
  readonly examples?: readonly { readonly input: string; readonly output: string }[]
  readonly adapter?: string
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  readonly maxOutputTokens?: number
  /** Default reasoning of the model. */
  readonly reasoningEffort?: ReasoningEffort
  /** The tier of the provider that it is asked by: a request for another one is not put to it. */
  readonly serviceTier?: ServiceTier
  /** What of the text is the answer, such as the end of a chain of thought: the first group of its last match. */
  readonly answerPattern?: string
  /** Answers asked for at once; the one that most agree on is given, and the share that agrees is a sign of trust. */
  readonly samples?: number
  /** Asks once more, with the validator's finding, where an answer is not of the shape that the request wants. */
  readonly repair?: boolean
  /** Models that read media of the content first: the model itself gets the words that they read. */
  readonly readers?: Readonly<Partial<Record<ReadModality, Reader>>>
  /** Examines the answer; its verdict is a sign of trust. */
  readonly verifier?: Verifier
}

/** What a recipe can have read before: sound is transcribed, text in pictures recognised. */
export type ReadModality = 'audio' | 'image'

/** A model that reads a medium for another; it is paid at its own price. */
export interface Reader {
  readonly model: string
  readonly price: Price
}

/** What judges an answer beside the model itself. */
export type Verifier =
  /** The answer has to match the whole pattern. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** The answer has to be JSON of this schema (draft 2020-12). */
  | { readonly kind: 'json-schema'; readonly schema: Readonly<Record<string, unknown>> }
  /**
   * The answer has to be a program that passes these cases; it runs in a process and an interpreter of its own,
   * without the world.
   */
  | {
      readonly kind: 'tests'
      readonly language: 'javascript'
      readonly cases: readonly TestCase[]
      /** For all cases together; 2 s when absent. */
      readonly timeoutMs?: number | undefined
    }
  /** A second model is asked whether the answer is right; it is paid at its own price. */
  | {
      readonly kind: 'model'
      readonly model: string
      /** Has `{question}` and `{answer}` in it, and asks for yes or no. */
      readonly promptTemplate?: string
      readonly price: Price
    }

/** An expression, and what it should come to once the program has run. */
export interface TestCase {
  readonly call: string
  /** A value of JSON. */
  readonly gives?: unknown
  /** Whether it should throw instead. */
  readonly throws?: boolean | undefined
}

/** When text of a rung may reach a caller who streams. */
export type Streaming =
  /** As it comes, from a rung that no judgement can follow; other drafts are judged first. */
  | 'final'
  /** Only whole answers that were accepted: a broken stream can still be answered by another rung. */
  | 'whole'
  /** As it comes, from the first rung that is called; events say so, and no other model speaks after the first byte. */
  | 'optimistic'

/** An ordered plan of rungs for a task, from cheap to expensive. */
export interface Ladder {
  readonly name: string
  readonly task: Task
  readonly modalities: readonly Modality[]
  readonly rungs: readonly Rung[]
  /** `final` when absent. */
  readonly streaming?: Streaming
  /** What a model's content filter refuses ends the cascade, or is put to the next rung; `stop` when absent. */
  readonly contentFilter?: 'stop' | 'cascade'
  /** Whether answers are given again; never when absent. */
  readonly cache?: LadderCache
  /** What its requests are answered from, where they do not say. */
  readonly retrieve?: RetrievalOptions
}

/** How answers of a ladder are given again. */
export interface LadderCache {
  readonly ttlSeconds: number
  /** Conversations with tools too. */
  readonly tools: boolean
  /** Absent where only the same request gets the same answer. */
  readonly semantic?: {
    /** Probability in [0,1] that the question is the same, from which its answer is given. */
    readonly leastProbability: number
  }
}
