import { z } from 'zod'

const name = z.string().min(1).max(128)
const count = z.int().min(1)
/** Nano-USD for one unit; a thousand dollars for one token is a slip of the pen. */
const rate = z.number().min(0).max(1e12)
const currency = z.literal('USD', 'USD: the one currency that is counted in')

const tokenRates = {
  perInputToken: rate.optional(),
  perOutputToken: rate.optional(),
  perCachedToken: rate.optional(),
  perCacheWriteToken: rate.optional(),
  perReasoningToken: rate.optional(),
}

/** What a model costs, in nano-USD for each unit. */
export const priceSchema = z.strictObject({
  currency: currency.optional(),
  perRequest: rate.optional(),
  ...tokenRates,
  perImage: rate.optional(),
  perAudioSecond: rate.optional(),
  perComputeSecond: rate.optional(),
  /** Prices of every token of a request whose input is larger than `inputTokens`. */
  above: z.array(z.strictObject({ inputTokens: count, ...tokenRates })).optional(),
})

const instantWish = 'a date such as 2026-01-31 (its midnight in UTC), or an instant such as 2026-01-31T08:00:00Z'
const instant = z.union([z.iso.date(instantWish), z.iso.datetime({ offset: true, error: instantWish })])

/** Prices by model and time; `from` is included, `until` is not. */
export const pricesSchema = z.record(
  name,
  z.array(priceSchema.extend({ from: instant.optional(), until: instant.optional() })).min(1),
)

/** Beyond this a nano-USD would not be exact in a double any more. */
const mostUsd = 9_000_000
const usd = z.number().positive().max(mostUsd, `at most ${mostUsd} USD: larger amounts are not exact to the nano-USD`)

/** A limit in US dollars; with `shadow` it is watched and counted, but refuses nothing. */
const limit = z.union([usd, z.strictObject({ usd, shadow: z.boolean().default(false) })])
const rateLimit = z.union([
  count,
  z.strictObject({ perMinute: count, burst: count.optional(), shadow: z.boolean().default(false) }),
])
const windows = { perDayUsd: limit.optional(), perMonthUsd: limit.optional() }
const rates = { requestsPerMinute: rateLimit.optional(), tokensPerMinute: rateLimit.optional() }
const payer = z.enum(['tenant', 'deployment'])

/** Limits on money and on beginning. */
export const budgetsSchema = z.strictObject({
  currency: currency.default('USD'),
  /** Whose midnights begin days and months. */
  timeZone: z.string().refine(isTimeZone, 'an IANA time zone such as UTC or Europe/Berlin').default('UTC'),
  requestMaxUsd: limit.optional(),
  tenantPerDayUsd: limit.optional(),
  tenantPerMonthUsd: limit.optional(),
  tenantRequestsPerMinute: rateLimit.optional(),
  tenantTokensPerMinute: rateLimit.optional(),
  /** Limits of single tenants, put over those of all. */
  tenants: z.record(name, z.strictObject({ ...windows, ...rates })).default({}),
  pools: z.record(name, z.strictObject(windows)).default({}),
  deployment: z.strictObject(windows).prefault({}),
  /** Who pays for calls beside those that make the answer. */
  payers: z.strictObject({ hedge: payer.default('tenant') }).prefault({}),
  /** How long a hold outlives its request's deadline before any router settles it. */
  holdLeaseMs: z.int().min(1000).max(600_000).default(10_000),
  /** What a router that has never seen the ledger does before an empty Redis. */
  emptyLedger: z.enum(['start', 'refuse']).default('start'),
})

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    // A RangeError says that there is no such zone.
    return false
  }
}
