import protobuf from 'protobufjs'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Word whose text keeps the model of {@link writeEndlessPack} inside one run for minutes. */
export const endlessWord = 'endless'

const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'quick', 'text', endlessWord]
const endlessToken = words.indexOf(endlessWord)
/** A turn takes about a microsecond: minutes on any machine. */
const endlessTurns = 1e9

/**
 * Writes a pack whose graph is a sentence encoder of four dimensions in ONNX, and which computes {@link endlessTurns}
 * turns of a loop in one run for a text with {@link endlessWord} in it: a stuck native run that is a real one.
 */
export function writeEndlessPack(folder: string): void {
  mkdirSync(join(folder, 'onnx'), { recursive: true })
  writeFileSync(join(folder, 'onnx', 'model.onnx'), endlessEncoder())
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'BertTokenizer' }))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
}

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(words.map((word, id) => [word, id])),
  },
}

const float32 = 1
const int64 = 7
const boolean = 9

/**
 * `input_ids` int64 [rows, tokens] → `last_hidden_state` float32 [rows, tokens, 4], each value 1 where the loop has
 * ended.
 */
function endlessEncoder(): Uint8Array {
  const body = message(writer => {
    nested(writer, 1, node('Identity', ['go'], 'goes on'))
    nested(writer, 1, node('Sin', ['value'], 'next value'))
    text(writer, 2, 'turn')
    nested(writer, 11, valueInfo('turn', int64, []))
    nested(writer, 11, valueInfo('go', boolean, []))
    nested(writer, 11, valueInfo('value', float32, [1]))
    nested(writer, 12, valueInfo('goes on', boolean, []))
    nested(writer, 12, valueInfo('next value', float32, [1]))
  })
  const graph = message(writer => {
    nested(writer, 1, node('ReduceMax', ['input_ids'], 'largest', [integer('keepdims', 0)]))
    nested(writer, 1, node('Equal', ['largest', 'endless token'], 'is endless'))
    nested(writer, 1, node('Where', ['is endless', 'endless turns', 'one turn'], 'turns'))
    nested(writer, 1, node('Loop', ['turns', '', 'start'], 'end', [subgraph('body', body)]))
    nested(writer, 1, node('Cast', ['input_ids'], 'numbers', [integer('to', float32)]))
    nested(writer, 1, node('Mul', ['numbers', 'nothing'], 'zeros'))
    nested(writer, 1, node('Add', ['zeros', 'end'], 'ends'))
    nested(writer, 1, node('Unsqueeze', ['ends', 'last axis'], 'column'))
    nested(writer, 1, node('Add', ['column', 'ones'], 'last_hidden_state'))
    text(writer, 2, 'endless encoder')
    nested(writer, 5, integers('endless token', [], [endlessToken]))
    nested(writer, 5, integers('endless turns', [], [endlessTurns]))
    nested(writer, 5, integers('one turn', [], [1]))
    nested(writer, 5, integers('last axis', [1], [2]))
    nested(writer, 5, numbers('start', [1], [1]))
    nested(writer, 5, numbers('nothing', [], [0]))
    nested(writer, 5, numbers('ones', [4], [1, 1, 1, 1]))
    nested(writer, 11, valueInfo('input_ids', int64, ['rows', 'tokens']))
    nested(writer, 12, valueInfo('last_hidden_state', float32, ['rows', 'tokens', 4]))
  })
  return message(writer => {
    writer.uint32(tag(1, 0)).int64(8)
    nested(writer, 7, graph)
    nested(
      writer,
      8,
      message(opset => opset.uint32(tag(2, 0)).int64(17)),
    )
  })
}

type Write = (writer: protobuf.Writer) => void

/** Field numbers are those of onnx.proto3 of the ONNX project. */
function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: readonly Write[] = [],
): Uint8Array {
  return message(writer => {
    for (const input of inputs) text(writer, 1, input)
    text(writer, 2, output)
    text(writer, 4, operator)
    for (const attribute of attributes) nested(writer, 5, message(attribute))
  })
}

function integer(name: string, value: number): Write {
  return writer => {
    text(writer, 1, name)
    writer.uint32(tag(3, 0)).int64(value)
    writer.uint32(tag(20, 0)).int32(2)
  }
}

function subgraph(name: string, graph: Uint8Array): Write {
  return writer => {
    text(writer, 1, name)
    nested(writer, 6, graph)
    writer.uint32(tag(20, 0)).int32(5)
  }
}

function integers(name: string, dims: readonly number[], values: readonly number[]): Uint8Array {
  return tensor(name, dims, int64, new BigInt64Array(values.map(BigInt)))
}

function numbers(name: string, dims: readonly number[], values: readonly number[]): Uint8Array {
  return tensor(name, dims, float32, new Float32Array(values))
}

function tensor(name: string, dims: readonly number[], type: number, values: BigInt64Array | Float32Array): Uint8Array {
  return message(writer => {
    for (const dim of dims) writer.uint32(tag(1, 0)).int64(dim)
    writer.uint32(tag(2, 0)).int32(type)
    text(writer, 8, name)
    writer.uint32(tag(9, 2)).bytes(new Uint8Array(values.buffer))
  })
}

function valueInfo(name: string, type: number, dims: readonly (number | string)[]): Uint8Array {
  const dimension = (dim: number | string): Uint8Array =>
    message(writer => {
      if (typeof dim === 'number') writer.uint32(tag(1, 0)).int64(dim)
      else text(writer, 2, dim)
    })
  const shape = message(writer => dims.forEach(dim => nested(writer, 1, dimension(dim))))
  const tensorType = message(writer => {
    writer.uint32(tag(1, 0)).int32(type)
    nested(writer, 2, shape)
  })
  return message(writer => {
    text(writer, 1, name)
    nested(
      writer,
      2,
      message(inner => nested(inner, 1, tensorType)),
    )
  })
}

function message(write: Write): Uint8Array {
  const writer = protobuf.Writer.create()
  write(writer)
  return writer.finish()
}

function nested(writer: protobuf.Writer, field: number, bytes: Uint8Array): void {
  writer.uint32(tag(field, 2)).bytes(bytes)
}

function text(writer: protobuf.Writer, field: number, value: string): void {
  writer.uint32(tag(field, 2)).string(value)
}

/** Field number and wire type, as protocol buffers pack them. */
function tag(field: number, wireType: 0 | 2): number {
  return field * 8 + wireType
}
