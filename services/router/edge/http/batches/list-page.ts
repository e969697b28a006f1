import { z } from 'zod'
import { readBody } from '../read-body.ts'

/** How much of a list is asked for. */
export interface ListQuery {
  readonly limit: number
  readonly after?: string
}

const usualLimit = 20
const mostListed = 100

const text = z.string().max(200).optional()
const querySchema = z.looseObject({
  limit: z
    .string()
    .regex(/^\d{1,5}$/u, 'expected a whole number')
    .optional(),
  after: text,
  order: z.enum(['asc', 'desc'], 'expected asc or desc').optional(),
  purpose: text,
})

/** What the query of a list says. @throws GatewayError InvalidRequest */
export function readListQuery(
  query: unknown,
): ListQuery & { readonly order?: 'asc' | 'desc' | undefined; readonly purpose?: string | undefined } {
  const { limit, after, order, purpose } = readBody(querySchema, query)
  const wanted = limit === undefined ? usualLimit : Math.max(1, Number(limit))
  return { limit: Math.min(wanted, mostListed), order, purpose, ...(after === undefined ? {} : { after }) }
}

/** The page of a list, of which one more was read than it has room for. */
export function listPage(items: readonly { readonly id: string }[], limit: number): object {
  const data = items.slice(0, limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: items.length > limit,
  }
}
