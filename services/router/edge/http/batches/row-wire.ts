import { invalidField } from '#services/contract/errors'
import type { RowPlan, RowWire } from '#services/router/batches/row-plan'
import type { DocumentRows } from '#services/router/retrieve/document-rows'
import { inWireNames } from '../body/wire-names.ts'
import { failureOf } from '../failures.ts'
import { requestOf, type Answered, type Asked, type InferDependencies } from '../infer.ts'
import { chatSchema } from '../openai/chat-schema.ts'
import { embeddingsOf, embeddingsSchema, readEmbeddings } from '../openai/embeddings-route.ts'
import { readChat } from '../openai/read-chat.ts'
import { chatOf } from '../openai/write-chat.ts'
import { readBody } from '../read-body.ts'
import { readResponses } from '../responses/read-responses.ts'
import { responsesSchema } from '../responses/responses-schema.ts'
import { responseOf } from '../responses/write-response.ts'

/** What a row asks for, and how the answers are written. */
interface Read {
  readonly asked: readonly Asked[]
  readonly write: (answers: readonly Answered[]) => object
}

/** Reads the bodies of one endpoint. */
type ReadRow = (body: unknown, createdAt: number) => Read

const chat: ReadRow = (given, createdAt) => {
  const body = readBody(chatSchema, given)
  wholeOnly(body.stream)
  return { asked: [readChat(body)], write: answers => chatOf(only(answers), createdAt) }
}

const responses: ReadRow = (given, createdAt) => {
  const body = readBody(responsesSchema, given)
  wholeOnly(body.stream)
  return { asked: [readResponses(body)], write: answers => responseOf(only(answers), body, createdAt) }
}

const embeddings: ReadRow = given => {
  const body = readBody(embeddingsSchema, given)
  return { asked: readEmbeddings(body), write: answers => embeddingsOf(answers, body) }
}

/** Paths whose bodies a batch can have. */
const endpoints: ReadonlyMap<string, ReadRow> = new Map([
  ['/v1/chat/completions', chat],
  ['/v1/responses', responses],
  ['/v1/embeddings', embeddings],
])

/** The same, to be named. */
export const batchEndpoints = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings'] as const

/** What rows are read with. */
export interface RowWireDependencies extends Pick<InferDependencies, 'names'> {
  readonly documents: DocumentRows
}

/** Reads and writes rows as OpenAI's batches have them: each as its endpoint would, and documents of indexes. */
export function createRowWire({ documents, ...dependencies }: RowWireDependencies): RowWire {
  return {
    read(batch, body, createdAt): RowPlan | Promise<RowPlan> {
      if (documents.isOf(batch)) return documents.read(batch, body)
      const { endpoint, constraints, labels } = batch
      const read = endpoints.get(endpoint)
      if (read === undefined) throw invalidField('url', 'it is no endpoint of a batch')
      const { asked, write } = read(body, createdAt)
      return {
        requests: asked.map(one => requestOf(one, { constraints, labels }, dependencies)),
        failureOf(thrown, place) {
          const names = asked[place]?.names
          return names === undefined ? thrown : inWireNames(thrown, names)
        },
        write,
      }
    },
    failure(thrown) {
      const { status, body } = failureOf(thrown, 'openai', '')
      return { status, body }
    },
    async ended(batch) {
      if (documents.isOf(batch)) await documents.ended(batch)
    },
  }
}

function wholeOnly(stream: boolean | null | undefined): void {
  if (stream === true) throw invalidField('stream', 'a row of a batch is answered whole')
}

function only(answers: readonly Answered[]): Answered {
  const [first] = answers
  if (first === undefined) throw new Error('a row was written without its answer')
  return first
}
