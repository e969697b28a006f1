import { z } from 'zod'

const name = z.string().min(1).max(128)
const count = z.int().min(1)
/** Nano-USD for one unit; a thousand dollars for one token is a slip of the pen. */
const rate = z.number().min(0).max(1e12)
const currency = z.literal('USD', 'USD: the one currency that is counted in')

const tokenRates = {
  perInputToken: rate.optional().describe('Price of an input token.'),
  perOutputToken: rate.optional().describe('Price of an output token.'),
  perCachedToken: rate
    .optional()
    .describe('Price of an input token that the server had cached. Default: that of input.'),
  perCacheWriteToken: rate.optional().describe('Price of a token written to a cache. Default: that of input.'),
  perReasoningToken: rate.optional().describe('Price of a token of reasoning. Default: that of output.'),
}

/** What a model costs, in nano-USD for each unit. */
export const priceSchema = z.strictObject({
  currency: currency.optional().describe('`USD`.'),
  perRequest: rate.optional().describe('Price of a call.'),
  ...tokenRates,
  perImage: rate.optional().describe('Price of an image.'),
  perAudioSecond: rate.optional().describe('Price of a second of audio.'),
  perComputeSecond: rate.optional().describe("Price of a second of the worker's time."),
  above: z
    .array(z.strictObject({ inputTokens: count.describe('Size of the input.'), ...tokenRates }))
    .optional()
    .describe('Prices of every token of a request whose input is larger than `inputTokens`.'),
})

const instantFormat = 'a date such as 2026-01-31 (its midnight in UTC), or an instant such as 2026-01-31T08:00:00Z'
const instant = z.union([z.iso.date(instantFormat), z.iso.datetime({ offset: true, error: instantFormat })])

/** Prices by model and time; `from` is included, `until` is not. */
export const pricesSchema = z.record(
  name,
  z
    .array(
      priceSchema.extend({
        from: instant.optional().describe('From when the price holds, this instant included.'),
        until: instant.optional().describe('Until when it holds, this instant excluded.'),
      }),
    )
    .min(1),
)

/** Beyond this a nano-USD would not be exact in a double any more. */
const mostUsd = 9_000_000
const usd = z.number().positive().max(mostUsd, `at most ${mostUsd} USD: larger amounts are not exact to the nano-USD`)

/** A limit in US dollars; with `shadow` it is watched and counted, but refuses nothing. */
const shadow = z.boolean().default(false).describe('Whether the limit is watched and counted, but not enforced.')
const limit = z.union([usd, z.strictObject({ usd: usd.describe('The limit.'), shadow })])
const rateLimit = z.union([
  count,
  z.strictObject({
    perMinute: count.describe('The limit.'),
    burst: count.optional().describe('How many may come at once.'),
    shadow,
  }),
])
const windows = {
  perDayUsd: limit.optional().describe('Limit of a day.'),
  perMonthUsd: limit.optional().describe('Limit of a month.'),
}
const rates = {
  requestsPerMinute: rateLimit.optional().describe('Limit of requests.'),
  tokensPerMinute: rateLimit.optional().describe('Limit of tokens.'),
}
const payer = z.enum(['tenant', 'deployment'])

/** Limits on money and on beginning. */
export const budgetsSchema = z.strictObject({
  currency: currency.default('USD').describe('The one currency that is counted in.'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'an IANA time zone such as UTC or Europe/Berlin')
    .default('UTC')
    .describe('Whose midnights begin days and months.'),
  requestMaxUsd: limit.optional().describe('Limit of one request.'),
  tenantPerDayUsd: limit.optional().describe('Limit of each tenant a day.'),
  tenantPerMonthUsd: limit.optional().describe('Limit of each tenant a month.'),
  tenantRequestsPerMinute: rateLimit.optional().describe('Limit of requests of each tenant.'),
  tenantTokensPerMinute: rateLimit.optional().describe('Limit of tokens of each tenant.'),
  tenants: z
    .record(name, z.strictObject({ ...windows, ...rates }))
    .default({})
    .describe('Limits of single tenants, put over those of all.'),
  pools: z.record(name, z.strictObject(windows)).default({}).describe('Limits of pools.'),
  deployment: z.strictObject(windows).prefault({}).describe('Limits of the whole deployment.'),
  payers: z
    .strictObject({ hedge: payer.default('tenant').describe('Who pays for hedged attempts.') })
    .prefault({})
    .describe('Who pays for calls beside those that make the answer.'),
  holdLeaseMs: z
    .int()
    .min(1000)
    .max(600_000)
    .default(10_000)
    .describe("How long after its deadline a request's reservation is settled by another router."),
  emptyLedger: z
    .enum(['start', 'refuse'])
    .default('start')
    .describe('What a router that has never seen the ledger does before an empty Redis.'),
  escrow: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('Whether routers lease slices of budgets and reserve in them; on one Redis server.'),
})

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    // A RangeError means an unknown time zone.
    return false
  }
}
