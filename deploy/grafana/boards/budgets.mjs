import { board, lines, number, query, rate } from './board.mjs'

/** Money: what is spent, what is refused, and what the deployment pays itself. */
export const budgets = board('sluice-budgets', 'Sluice: budgets', 'What is spent and what is refused for money.', [
  [
    'The ledger',
    [
      number(
        'Open',
        'none',
        '0: its data is gone, and paid requests are refused until it is restored.',
        'min(sluice_router_ledger_open)',
      ),
      number(
        'Over what was held',
        'currencyUSD',
        'In a day; the deployment pays it.',
        'sum(increase(sluice_router_overrun_usd_total[1d]))',
      ),
      number(
        'Attempts that lost',
        'currencyUSD',
        'In a day; the deployment pays it.',
        'sum(increase(sluice_router_lost_usd_total[1d]))',
      ),
      number(
        'Billed by estimate',
        'currencyUSD',
        'In a day: no receipt came, or we counted.',
        'sum(increase(sluice_router_estimated_usd_total[1d]))',
      ),
      lines(
        'Settlements',
        'ops',
        'At once by the cascade’s router, or later from the log: many of these mean routers that die.',
        [query(rate('sluice_router_settlements_total', '', 'when'), '{{when}}')],
      ),
      lines('Reservations', 'ops', "Of money: from the router's leased slice in memory, or in the ledger itself.", [
        query(rate('sluice_router_reservations_total', '', 'by'), '{{by}}'),
      ]),
      lines('Rungs without a price', 'ops', 'Left out of paid requests; give the model a price.', [
        query(rate('sluice_router_unpriced_total', '', 'model'), '{{model}}'),
      ]),
    ],
  ],
  [
    'Spending',
    [
      lines(
        'Spent by tier',
        'currencyUSD',
        'US dollars a second.',
        [query(rate('sluice_router_spent_usd_total', '', 'tier'), '{{tier}}')],
        { stack: true },
      ),
      lines(
        'Spent today',
        'currencyUSD',
        'Over the last 24 hours, by model.',
        [query('sum by (model) (increase(sluice_router_spent_usd_total[1d]))', '{{model}}')],
        { stack: true },
      ),
    ],
  ],
  [
    'Refusals',
    [
      lines('Cost by pool', 'currencyUSD', 'US dollars a second, as workers report it when legs end.', [
        query(rate('sluice_worker_spent_usd_total', '', 'pool'), '{{pool}}'),
      ]),
      lines('Limits', 'reqps', 'Refused by each limit, or only noted where it is in shadow.', [
        query(rate('sluice_router_limits_total', '', 'limit, outcome'), '{{limit}} {{outcome}}'),
      ]),
      lines('Refused by budgets and rate limits', 'reqps', 'RESOURCE_EXHAUSTED by rpc.', [
        query(rate('sluice_router_requests_total', 'status="RESOURCE_EXHAUSTED"', 'rpc'), '{{rpc}}'),
      ]),
      lines('Degraded for money', 'reqps', 'Answers that would have escalated with a larger budget.', [
        query(rate('sluice_router_degraded_total', 'reason="budget"'), 'budget'),
      ]),
    ],
  ],
])
