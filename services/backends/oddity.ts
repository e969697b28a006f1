/** What can be odd in the answer of a server that is taken all the same: a closed set, for labels. */
export const oddities = [
  /** The answer came without any count of tokens. */
  'usage-missing',
  /** One of the counts that are needed did not come. */
  'usage-partial',
  /** A count is no whole number: a fraction, a text, a negative number. */
  'usage-malformed',
  /** The total is not the sum of the counts, whichever of them are taken as parts of others. */
  'usage-total',
  /** Fewer tokens than any tokenizer makes of the text. */
  'usage-too-few',
  /** More input than the content has bytes and its media have tokens. */
  'input-over-bound',
  /** More output than the cap that was sent. */
  'output-over-cap',
  /** More seconds than the recording has. */
  'seconds-over-length',
  /** A piece of the content of a kind that is not known. */
  'content-unknown',
  /** Log-probabilities were asked for, and none came: the confidence of the answer is unknown. */
  'logprobs-missing',
  /** Several calls of tools with one index. */
  'tool-index',
  /** Several calls of tools with one id. */
  'tool-id',
  /** Arguments of a tool that became JSON only when they were mended. */
  'tool-arguments',
  /** A lone half of a surrogate pair. */
  'half-character',
  /** A reason of the answer's end that is not known. */
  'finish-unknown',
  /** The model ended with an empty answer. */
  'answer-empty',
  /** An answer in one piece, though a stream was asked for. */
  'not-streamed',
  /** A field beside the answer that cannot be read. */
  'field-malformed',
] as const

/** One of them. */
export type Oddity = (typeof oddities)[number]
