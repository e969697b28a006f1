import type OpenAI from 'openai'
import { z } from 'zod'
import { invalidField } from '#services/contract/errors'
import type { Batch, BatchStatus, BatchStore } from '#services/state/batches/batch-store'
import { noSuchBatch } from '#services/state/batches/batch-fields'
import { noSuchFile, type FileStore } from '#services/state/files/file-store'
import { maybe, readBody } from '../read-body.ts'
import { readSettings } from '../request-headers.ts'
import type { HttpCall, Route } from '../serve-route.ts'
import { listPage, readListQuery } from './list-page.ts'
import { batchEndpoints } from './row-wire.ts'

const windowShape = /^(\d{1,5})([smh])$/u
const windowUnitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }
const longestWindowMs = 24 * 3_600_000

/** @source OpenAI API reference, "Create batch" */
const batchSchema = z.strictObject({
  input_file_id: z.string().min(1),
  endpoint: z.enum(batchEndpoints, `expected one of ${batchEndpoints.join(', ')}`),
  completion_window: z
    .string()
    .regex(windowShape, 'expected 24h, or less of it as 90s, 30m or 2h')
    .refine(text => windowMsOf(text) > 0 && windowMsOf(text) <= longestWindowMs, 'expected at most 24h'),
  metadata: maybe(
    z
      .record(z.string().max(64), z.string().max(512))
      .refine(pairs => Object.keys(pairs).length <= 16, 'expected at most 16 pairs'),
  ),
  output_expires_after: maybe(
    z.strictObject({ anchor: z.literal('created_at'), seconds: z.int().min(3600).max(2_592_000) }),
  ),
})

/** What batches are made and read from. */
export interface BatchesDependencies {
  readonly batches: BatchStore
  readonly files: FileStore
}

/** How batches are kept. */
export interface BatchesOptions {
  /** Default retention of result files. */
  readonly keepMs: number
}

const shared = { scope: 'infer', dialect: 'openai', rpc: 'Batches' } as const
const idOf = ({ request }: HttpCall): string => (request.params as { readonly batch: string }).batch

/** `/v1/batches`: create, get, list and cancel; each tenant sees only its own. */
export function createBatchesRoutes(
  { keepMs }: BatchesOptions,
  { batches, files }: BatchesDependencies,
): readonly Route[] {
  return [
    {
      ...shared,
      method: 'POST',
      path: '/v1/batches',
      summary: 'Runs the requests of a file, cheaply and within a day',
      body: batchSchema,
      async answer(given, { context, headers }) {
        const body = readBody(batchSchema, given)
        const { tenant } = context.caller
        const { constraints, labels, sessionKey, idempotencyKey } = readSettings(headers)
        if (sessionKey !== undefined) throw invalidField('x-sluice-session', 'the rows of a batch are no conversation')
        const file = await files.find(tenant, body.input_file_id)
        if (file === undefined) throw noSuchFile()
        if (file.purpose !== 'batch') throw invalidField('input_file_id', 'expected a file of the purpose batch')
        const windowMs = windowMsOf(body.completion_window)
        const spareMs = 3_600_000
        await files.keep(tenant, file.fileId, context.arrivedAt + windowMs + spareMs)
        return shown(
          await batches.create(
            {
              tenant,
              endpoint: body.endpoint,
              inputFileId: file.fileId,
              window: body.completion_window,
              windowMs,
              metadata: body.metadata ?? {},
              constraints: { ...constraints, priority: 'batch' },
              labels,
              outputTtlMs: (body.output_expires_after?.seconds ?? keepMs / 1000) * 1000,
            },
            idempotencyKey,
          ),
        )
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/v1/batches',
      summary: 'Batches of the caller, newest first',
      query: ['limit', 'after'],
      async answer(_body, { context, request }) {
        const { limit, after } = readListQuery(request.query)
        const query = { limit: limit + 1, ...(after === undefined ? {} : { after }) }
        return listPage((await batches.list(context.caller.tenant, query)).map(batchToWire), limit)
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/v1/batches/:batch',
      summary: 'How far a batch is',
      answer: async (_body, call) => shown(await batches.find(call.context.caller.tenant, idOf(call))),
    },
    {
      ...shared,
      method: 'POST',
      path: '/v1/batches/:batch/cancel',
      summary: 'Calls a batch off; what is answered stays',
      answer: async (_body, call) => shown(await batches.cancel(call.context.caller.tenant, idOf(call))),
    },
  ]
}

function shown(batch: Batch | undefined): object {
  if (batch === undefined) throw noSuchBatch()
  return batchToWire(batch)
}

function windowMsOf(text: string): number {
  const [, count = '0', unit = ''] = windowShape.exec(text) ?? []
  return Number(count) * (windowUnitsMs[unit] ?? 0)
}

function batchToWire(batch: Batch): OpenAI.Batch & { readonly sluice: object } {
  const { reachedAt, rows, tokens, faults } = batch
  const at = (status: BatchStatus): number | undefined => secondsOf(reachedAt[status])
  return dropAbsent({
    id: batch.batchId,
    object: 'batch' as const,
    endpoint: batch.endpoint,
    input_file_id: batch.inputFileId,
    completion_window: batch.window,
    status: batch.status,
    created_at: secondsOf(batch.createdAt) ?? 0,
    in_progress_at: at('in_progress'),
    expires_at: secondsOf(batch.expiresAt),
    finalizing_at: at('finalizing'),
    completed_at: at('completed'),
    failed_at: at('failed'),
    expired_at: at('expired'),
    cancelling_at: at('cancelling'),
    cancelled_at: at('cancelled'),
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    errors:
      faults.length === 0
        ? undefined
        : { object: 'list', data: faults.map(({ line = null, param = null, ...rest }) => ({ ...rest, line, param })) },
    request_counts: { total: rows.total, completed: rows.completed, failed: rows.failed },
    metadata: Object.keys(batch.metadata).length === 0 ? null : batch.metadata,
    usage: {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: tokens.cached },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: tokens.reasoning },
      total_tokens: tokens.input + tokens.output,
    },
    sluice: { cost_usd: batch.costNanoUsd / 1e9, cost_nano_usd: batch.costNanoUsd },
  })
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000)
}

type Present<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], undefined> }

/** Leaves out what is not known, as the wire does. */
function dropAbsent<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>
}
