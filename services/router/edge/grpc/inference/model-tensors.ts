import type { Answer } from '#services/contract/answer'
import type { Part, Task } from '#services/contract/content'
import { textTensor, type WrittenTensor } from '#services/wire/convert/tensors'

/** A tensor that a task takes or gives. */
export interface Signature {
  readonly name: string
  readonly datatype: 'BYTES' | 'FP32'
  readonly shape: readonly number[]
}

/** What a task looks like in tensors: a row is a request of its own. */
export interface TaskTensors {
  readonly input: Signature
  readonly outputs: readonly Signature[]
  readonly partOf: (value: Uint8Array) => Part
}

const rows = [-1]
const confidence: Signature = { name: 'confidence', datatype: 'FP32', shape: rows }
const text: Signature = { name: 'text', datatype: 'BYTES', shape: rows }

function readText(value: Uint8Array): Part {
  return { kind: 'text', text: Buffer.from(value).toString() }
}

function readMedium(kind: 'image' | 'audio'): (value: Uint8Array) => Part {
  return bytes => ({ kind, source: { kind: 'bytes', bytes } })
}

/** The tensors of every task. */
export const taskTensors: Readonly<Record<Task, TaskTensors>> = {
  embed: {
    input: text,
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, -1] }],
    partOf: readText,
  },
  classify: {
    input: text,
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: rows },
      { name: 'score', datatype: 'FP32', shape: rows },
      confidence,
    ],
    partOf: readText,
  },
  transcribe: {
    input: { name: 'audio', datatype: 'BYTES', shape: rows },
    outputs: [text, confidence],
    partOf: readMedium('audio'),
  },
  ocr: {
    input: { name: 'image', datatype: 'BYTES', shape: rows },
    outputs: [text, confidence],
    partOf: readMedium('image'),
  },
  generate: { input: text, outputs: [{ ...text, name: 'text_output' }, confidence], partOf: readText },
  generate_image: { input: text, outputs: [{ name: 'image', datatype: 'BYTES', shape: rows }], partOf: readText },
}

/** The answers to the rows of a request, as tensors by name. */
export function outputTensors(answers: readonly Answer[]): ReadonlyMap<string, WrittenTensor> {
  const shape = [answers.length]
  const texts = textTensor(answers.map(({ output }) => (output.kind === 'text' ? output.text : '')))
  const top = answers.map(({ output }) => (output.kind === 'labels' ? output.labels[0] : undefined))
  const pictures = answers.map(({ output }) =>
    output.kind === 'image' && output.source.kind === 'bytes' ? output.source.bytes : new Uint8Array(),
  )
  const vectors = answers.map(({ output }) => (output.kind === 'embedding' ? output.values : []))
  return new Map([
    ['text', texts],
    ['text_output', texts],
    ['image', { datatype: 'BYTES', shape, values: pictures }],
    ['label', textTensor(top.map(label => label?.label ?? ''))],
    [
      'score',
      floats(
        top.map(label => label?.score ?? 0),
        shape,
      ),
    ],
    [
      'confidence',
      floats(
        answers.map(answer => answer.confidence),
        shape,
      ),
    ],
    ['embedding', floats(vectors.flat(), [answers.length, vectors[0]?.length ?? 0])],
  ])
}

function floats(values: readonly number[], shape: readonly number[]): WrittenTensor {
  return { datatype: 'FP32', shape, values }
}
