import { invalidField } from '#services/contract/errors'
import { locatorFromWire, locatorToWire } from '#services/wire/convert/convert-locator'
import { timestampToWire } from '#services/wire/convert/time'
import type { Condition__Output } from '#services/wire/generated/sluice/v1/Condition'
import type { Document__Output } from '#services/wire/generated/sluice/v1/Document'
import type { Index } from '#services/wire/generated/sluice/v1/Index'
import type { Ingest } from '#services/wire/generated/sluice/v1/Ingest'
import type { MetadataValue as WireValue } from '#services/wire/generated/sluice/v1/MetadataValue'
import type { MetadataValue__Output } from '#services/wire/generated/sluice/v1/MetadataValue'
import type { SearchHit } from '#services/wire/generated/sluice/v1/SearchHit'
import type { Batch, BatchStatus } from '#services/state/batches/batch-store'
import type { IngestFailure } from '#services/router/retrieve/ingests'
import type { IndexCondition, IndexHit, IndexState, Metadata, MetadataValue } from '#services/state/index/index-store'

/** An index on the wire. */
export function indexToWire(index: IndexState): Index {
  const { name, model, dimensions, chunkCharacters, createdAt, documents, chunks, version } = index
  return { name, model, dimensions, chunkCharacters, createdAt: timestampToWire(createdAt), documents, chunks, version }
}

const states: Readonly<Partial<Record<BatchStatus, string>>> = {
  completed: 'INGEST_STATE_ENDED',
  cancelled: 'INGEST_STATE_CANCELLED',
  expired: 'INGEST_STATE_EXPIRED',
  failed: 'INGEST_STATE_FAILED',
}

/** The job that puts documents in, on the wire. */
export function ingestToWire(batch: Batch, failures: readonly IngestFailure[] = []): Ingest {
  const { batchId, metadata, status, rows, costNanoUsd, createdAt } = batch
  return {
    ingestId: batchId,
    index: metadata['index'] ?? '',
    state: (states[status] ?? 'INGEST_STATE_RUNNING') as NonNullable<Ingest['state']>,
    ...rows,
    costNanoUsd,
    createdAt: timestampToWire(createdAt),
    failures: [...failures],
  }
}

/** A document as it is kept; what is wrong with it is found later. */
export function documentFromWire({ id, title, text, sections, metadata }: Document__Output, path: string): object {
  return {
    id,
    ...(title === '' ? {} : { title }),
    ...(sections.length > 0 && text === '' ? {} : { text }),
    ...(sections.length === 0
      ? {}
      : {
          sections: sections.map(({ text: own, locator }) => ({
            text: own,
            ...(locator === null ? {} : { locator: locatorFromWire(locator) }),
          })),
        }),
    metadata: metadataFromWire(metadata, `${path}.metadata`),
  }
}

/** A hit on the wire. */
export function hitToWire({ metadata, locator, ...hit }: IndexHit): SearchHit {
  return {
    ...hit,
    metadata: metadataToWire(metadata),
    ...(locator === undefined ? {} : { locator: locatorToWire(locator) }),
  }
}

const mostValues = 1000

/** What documents are filtered by. @throws GatewayError InvalidRequest that names the condition */
export function conditionFromWire(condition: Condition__Output, at: number): IndexCondition {
  const { field, anyOf, noneOf, atLeast, atMost } = condition
  const path = `conditions[${at}]`
  if (anyOf.length + noneOf.length > mostValues) throw invalidField(path, `expected at most ${mostValues} values`)
  if (field === '') throw invalidField(`${path}.field`, 'expected the name of a field')
  const values = (given: readonly MetadataValue__Output[], name: string): readonly MetadataValue[] =>
    given.map((value, place) => valueFromWire(value, `${path}.${name}[${place}]`))
  if (anyOf.length + noneOf.length === 0 && atLeast === undefined && atMost === undefined) {
    throw invalidField(path, 'expected any_of, none_of, at_least or at_most')
  }
  return {
    field,
    ...(anyOf.length === 0 ? {} : { anyOf: values(anyOf, 'any_of') }),
    ...(noneOf.length === 0 ? {} : { noneOf: values(noneOf, 'none_of') }),
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  }
}

function metadataFromWire(fields: Readonly<Record<string, MetadataValue__Output>>, path: string): Metadata {
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, valueFromWire(value, `${path}.${field}`)]),
  )
}

function metadataToWire(metadata: Metadata): Record<string, WireValue> {
  return Object.fromEntries(Object.entries(metadata).map(([field, value]) => [field, valueToWire(value)]))
}

function valueToWire(value: MetadataValue): WireValue {
  if (typeof value === 'string') return { text: value }
  return typeof value === 'number' ? { number: value } : { flag: value }
}

function valueFromWire({ value, text, number, flag }: MetadataValue__Output, path: string): MetadataValue {
  const given = value === 'text' ? text : value === 'number' ? number : flag
  if (value === undefined || given === undefined) throw invalidField(path, 'expected text, number or flag')
  return given
}
