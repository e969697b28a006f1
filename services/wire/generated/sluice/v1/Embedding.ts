// Original file: proto/sluice/v1/content.proto


/**
 * A vector in one model's space. Vectors of different spaces do not mix.
 */
export interface Embedding {
  'values'?: (number | string)[];
  'space'?: (string);
}

/**
 * A vector in one model's space. Vectors of different spaces do not mix.
 */
export interface Embedding__Output {
  'values': (number)[];
  'space': (string);
}
