import { board, lines, query, quantile, rate } from './board.mjs'

/** Queues and workers, and what pools are scaled by. */
export const queues = board(
  'sluice-queues',
  'Sluice: queues and workers',
  'What pools owe, what they can do, and how their models fare.',
  [
    [
      'Demand',
      [
        lines(
          'Demand-seconds by pool',
          's',
          'Model time owed over the next minute: waiting, running and refused. Pools are scaled on it.',
          [query('sluice:pool_demand:seconds', '{{pool}}')],
        ),
        lines('Backlog', 's', 'Model time of what waits.', [
          query('max by (pool) (sluice_router_pool_backlog_seconds)', '{{pool}}'),
        ]),
        lines('Refused for want of workers', 's', 'Model time a second that was wanted and refused.', [
          query(rate('sluice_router_pool_refused_seconds_total', '', 'pool'), '{{pool}}'),
        ]),
        lines('Rows of batches', 'ops', 'Rows of batches whose result is written, by outcome.', [
          query(rate('sluice_router_batch_rows_total', '', 'outcome'), '{{outcome}}'),
        ]),
        lines('Wait predicted', 's', 'What a leg put in now would wait; a cold start counts.', [
          query('max by (pool) (sluice_router_pool_wait_seconds)', '{{pool}}'),
        ]),
      ],
    ],
    [
      'Pools',
      [
        lines(
          'Price of pools that are short',
          'percentunit',
          'Quality that a cascade to a pool must gain because it is short; 0 while it is not.',
          [query('max by (pool) (sluice_router_pool_price_ratio)', '{{pool}}')],
        ),
        lines('Workers', 'none', 'Alive, by the heartbeats that routers see.', [
          query('max by (pool) (sluice_router_pool_workers)', '{{pool}}'),
        ]),
        lines('Legs: waiting, running, capacity', 'none', 'Running at capacity while legs wait: more workers help.', [
          query('max by (pool) (sluice_router_pool_waiting_jobs)', '{{pool}} waiting'),
          query('max by (pool) (sluice_router_pool_running_legs)', '{{pool}} running'),
          query('max by (pool) (sluice_router_pool_capacity_legs)', '{{pool}} capacity'),
        ]),
        lines('Legs by path', 'reqps', 'Run by the router itself (express), or by a worker (queue).', [
          query(rate('sluice_router_legs_sent_total', '', 'pool, dispatch'), '{{pool}} {{dispatch}}'),
        ]),
        lines('Legs at work by worker', 'none', 'Uneven lines: a worker that takes nothing, or one that hangs.', [
          query('sluice_worker_running_legs', '{{instance}}'),
        ]),
      ],
    ],
    [
      'Models',
      [
        lines('Legs by end', 'reqps', 'done, or why not.', [
          query(rate('sluice_worker_legs_total', '', 'model, end'), '{{model}} {{end}}'),
        ]),
        lines('Legs that fail', 'percentunit', 'Without those that callers cancelled or whose input was bad.', [
          query(
            `${rate('sluice_worker_legs_total', 'end!~"done|cancelled|expired|bad-input"', 'model')} / ${rate('sluice_worker_legs_total', '', 'model')}`,
            '{{model}}',
          ),
        ]),
        lines('Compute that nobody pays', 's', 'Seconds a second beyond what was held, which are not charged.', [
          query('sum by (model) (rate(sluice_worker_uncharged_compute_seconds_total[$__rate_interval]))', '{{model}}'),
        ]),
        lines('Takes restarted', 'none', 'Workers that had stopped taking legs and began again, in the last hour.', [
          query('sum by (fault) (increase(sluice_worker_take_restarts_total[1h]))', '{{fault}}'),
        ]),
        lines('Memory of models', 'bytes', 'Of the process of each model after its last batch, without mapped files.', [
          query('max by (model) (sluice_worker_model_memory_bytes)', '{{model}}'),
        ]),
        lines('Models restarted for memory', 'none', 'Processes that had grown too much, in the last hour.', [
          query('sum by (model) (increase(sluice_worker_model_renewals_total[1h]))', '{{model}}'),
        ]),
        lines('Batch', 'none', 'Legs computed together.', [
          query(quantile(0.5, 'sluice_worker_batch_legs', 'model'), '{{model}} p50'),
          query(quantile(0.95, 'sluice_worker_batch_legs', 'model'), '{{model}} p95'),
        ]),
      ],
    ],
    [
      'Servers',
      [
        lines(
          'Attempts by end',
          'reqps',
          'What came of every attempt on a model server, those that were tried again included.',
          [query(rate('sluice_worker_upstream_attempts_total', '', 'model, end'), '{{model}} {{end}}')],
        ),
        lines('Time to the first token', 's', 'From a request to the first piece of its answer.', [
          query(quantile(0.5, 'sluice_worker_first_token_seconds', 'model'), '{{model}} p50'),
          query(quantile(0.95, 'sluice_worker_first_token_seconds', 'model'), '{{model}} p95'),
        ]),
        lines('Time between tokens', 's', 'Mean over an answer.', [
          query(quantile(0.5, 'sluice_worker_token_seconds', 'model'), '{{model}} p50'),
          query(quantile(0.95, 'sluice_worker_token_seconds', 'model'), '{{model}} p95'),
        ]),
        lines('Tokens billed', 'none', 'A second; those that no server counted are our own estimate.', [
          query(
            rate('sluice_worker_tokens_total', '', 'model, direction, source'),
            '{{model}} {{direction}} {{source}}',
          ),
        ]),
        lines('Breakers', 'none', '0 closed, 1 half-open, 2 open; an ejected endpoint is out as an outlier.', [
          query('max by (model, endpoint) (sluice_worker_breaker_state)', '{{model}} {{endpoint}}'),
          query('max by (model, endpoint) (sluice_worker_endpoint_ejected)', '{{model}} {{endpoint}} ejected'),
        ]),
        lines('Odd answers', 'none', 'What servers said in an unusual way, in the last hour.', [
          query('sum by (kind) (increase(sluice_worker_upstream_oddities_total[1h]))', '{{kind}}'),
        ]),
        lines('Load of endpoints', 'none', 'Calls under way, and those that the engine says are waiting.', [
          query('sum by (model, endpoint) (sluice_worker_endpoint_load_calls)', '{{model}} {{endpoint}}'),
        ]),
      ],
    ],
  ],
)
