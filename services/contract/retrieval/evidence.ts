/** What a request asks to be answered from. */
export interface RetrievalOptions {
  /** An index of the caller's tenant. */
  readonly index: string
  /** Passages that are shown to the model; 4 when absent. */
  readonly passages?: number
}

/** Where in its document a text stands: on a page, from 1, or between two times of a recording. */
export interface Locator {
  readonly page?: number | undefined
  readonly startMs?: number | undefined
  readonly endMs?: number | undefined
}

/** A passage that was shown to a model as a source; its number is its place, from 1. */
export interface Passage {
  readonly documentId: string
  readonly chunk: number
  readonly title?: string
  readonly locator?: Locator
  readonly text: string
  /** Cosine to the question, where that is known. */
  readonly similarity?: number
}

/** What was found for a request. */
export interface Evidence {
  readonly question: string
  readonly index: string
  /** Changes with every change of the index. */
  readonly indexVersion: string
  readonly passages: readonly Passage[]
  /** Place among the parts of the request of the part that shows them. */
  readonly place: number
}

/** A source that an answer names. */
export interface Citation extends Omit<Passage, 'text' | 'similarity'> {
  /** As the answer writes it: [1]. */
  readonly number: number
}

/** Support of an answer by its evidence. */
export interface Grounding {
  /**
   * Calibrated probability in [0,1] that the answer follows from the evidence, or rightly denies that the evidence has
   * it.
   */
  readonly support: number
  /** It is less likely than not. */
  readonly isUngrounded: boolean
  readonly citations: readonly Citation[]
}
