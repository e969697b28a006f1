import { z } from 'zod'
import type { Clock } from '#services/contract/clock'
import { demandScope } from '#services/router/edge/auth/authenticate'
import type { KeyRpcs } from '#services/router/edge/grpc/keys-service'
import type { BudgetView, ReadBudget } from '#services/router/ledger/read-budget'
import type { SpendWindow } from '#services/router/watch/spend-window'
import { remainingOf, type Balance, type Ledger } from '#services/state/ledger/ledger'
import type { Key } from '#services/wire/generated/sluice/v1/Key'
import { durationToWire, timestampFromWire, timestampToWire, type WireDuration } from '#services/wire/convert/time'
import { maybe, readBody } from '../read-body.ts'
import type { HttpCall, Route } from '../serve-route.ts'

/** What the view of money is made from. */
export interface MoneyDependencies {
  readonly readBudget: ReadBudget
  readonly ledger: Pick<Ledger, 'openHolds'>
  readonly spend: SpendWindow
  /** Tenants that the configuration names. */
  readonly tenants: readonly string[]
  readonly keys: KeyRpcs
  readonly clock: Clock
}

/** Tenants that are listed; each is one read of the ledger. */
const mostTenants = 100
const mostHolds = 100

const newKey = z.strictObject({
  tenant: z.string(),
  id: z.string().default(''),
  note: z.string().default(''),
  scopes: z.array(z.string()),
  expiresAt: maybe(z.number()),
})
const rotation = z.strictObject({ overlapMs: z.number().min(0) })

const common = { rpc: 'Console', scope: 'console', dialect: 'openai' } as const

/** @throws GatewayError PermissionDenied */
function asOperator(call: HttpCall): HttpCall['context'] {
  demandScope(call.context.caller, 'admin')
  call.reply.header('cache-control', 'no-store')
  return call.context
}

function idOf({ request }: HttpCall): string {
  return (request.params as { id: string }).id
}

/** Budgets, holds and spend; and keys, which an operator alone may change. */
export function createMoneyRoutes(dependencies: MoneyDependencies): readonly Route[] {
  const { keys } = dependencies
  return [
    {
      ...common,
      method: 'GET',
      path: '/console/api/money',
      summary: 'Budgets, holds and spend',
      answer: async (_body, { context }) => moneyOf(dependencies, context),
    },
    {
      ...common,
      method: 'GET',
      path: '/console/api/keys',
      summary: 'Keys, without their secrets',
      async answer(_body, call) {
        const answer = (await keys.listKeys({ tenant: '' }, call.context)) as { keys: readonly Key[] }
        return { keys: answer.keys.map(keyView) }
      },
    },
    {
      ...common,
      method: 'POST',
      path: '/console/api/keys',
      summary: 'A new key',
      body: newKey,
      async answer(given, call) {
        const { expiresAt, ...wanted } = readBody(newKey, given)
        const ends = expiresAt === null || expiresAt === undefined ? null : timestampToWire(expiresAt)
        return issuedView(await keys.createKey({ ...wanted, expiresAt: ends }, asOperator(call)))
      },
    },
    {
      ...common,
      method: 'POST',
      path: '/console/api/keys/:id/rotate',
      summary: 'A new secret for a key',
      body: rotation,
      async answer(given, call) {
        const overlap = durationToWire(readBody(rotation, given).overlapMs)
        return issuedView(await keys.rotateKey({ id: idOf(call), overlap }, asOperator(call)))
      },
    },
    {
      ...common,
      method: 'POST',
      path: '/console/api/keys/:id/revoke',
      summary: 'The end of a key',
      body: z.strictObject({}),
      async answer(_body, call) {
        return issuedView(await keys.revokeKey({ id: idOf(call) }, asOperator(call)))
      },
    },
  ]
}

function issuedView(issued: object): object {
  const { key, secret = null } = issued as { readonly key: Key; readonly secret?: string | null }
  return { key: keyView(key), secret }
}

function keyView({ id, tenant, scopes, note, source, createdAt, expiresAt, revokedAt, previousEndsAt }: Key): object {
  return {
    id,
    tenant,
    scopes,
    note,
    isConfigured: source === 'KEY_SOURCE_CONFIGURATION',
    createdAt: timeOf(createdAt),
    expiresAt: timeOf(expiresAt),
    revokedAt: timeOf(revokedAt),
    previousEndsAt: timeOf(previousEndsAt),
  }
}

function timeOf(time: Key['createdAt']): number | null {
  return time === undefined || time === null ? null : timestampFromWire(time as WireDuration)
}

async function moneyOf(
  { readBudget, ledger, spend, tenants, keys, clock }: MoneyDependencies,
  context: HttpCall['context'],
): Promise<object> {
  const listed = (await keys.listKeys({ tenant: '' }, context)) as { keys: readonly Key[] }
  const names = [
    ...new Set([
      ...tenants,
      ...listed.keys.map(key => key.tenant ?? ''),
      ...spend.totals().tenant.map(({ name }) => name),
    ]),
  ].filter(name => name !== '' && !name.startsWith('('))
  const shown = names.slice(0, mostTenants)
  const [views, holds] = await Promise.all([
    Promise.all(shown.map(name => readBudget(name, true))),
    ledger.openHolds(mostHolds),
  ])
  return {
    now: clock.now(),
    isOpen: views[0]?.isOpen ?? true,
    since: spend.since,
    totals: spend.totals(),
    tenants: shown.map((name, index) => ({ name, ...tenantView(views[index]!) })),
    shared: views[0]?.balances.filter(({ scope }) => scope.share !== 'tenant').map(balanceView) ?? [],
    request: views[0]?.request ?? null,
    holds,
  }
}

function tenantView({ balances, rates }: BudgetView): object {
  return {
    budgets: balances.filter(({ scope }) => scope.share === 'tenant').map(balanceView),
    rates: rates.map(({ name, perMinute, remaining }) => ({ name, perMinute, remaining })),
  }
}

function balanceView(balance: Balance): object {
  const { scope, reservedNanoUsd, spentNanoUsd, lostNanoUsd, overrunNanoUsd } = balance
  return {
    scope: scope.name,
    shadow: scope.shadow,
    resetsAt: scope.resetsAt,
    limitNanoUsd: scope.limitNanoUsd ?? null,
    remainingNanoUsd: remainingOf(balance) ?? null,
    reservedNanoUsd,
    spentNanoUsd,
    lostNanoUsd,
    overrunNanoUsd,
  }
}
