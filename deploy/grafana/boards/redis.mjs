import { board, lines, number, query } from './board.mjs'

/** The store that everything stands on. */
export const redis = board('sluice-redis', 'Sluice: Redis', 'The store that keeps order, money and jobs.', [
  [
    'State',
    [
      number('Up', 'none', '1 while the exporter reaches it.', 'min(redis_up)'),
      number('Memory', 'bytes', 'Used.', 'sum(redis_memory_used_bytes)'),
      number('Clients', 'none', 'Connections.', 'sum(redis_connected_clients)'),
      number(
        'Evicted',
        'none',
        'Must be zero: holds and cascades are among the keys.',
        'sum(increase(redis_evicted_keys_total[1h]))',
      ),
    ],
  ],
  [
    'Load',
    [
      lines('Commands', 'ops', 'A second.', [
        query('rate(redis_commands_processed_total[$__rate_interval])', '{{instance}}'),
      ]),
      lines('Time by command', 's', 'Seconds of the server a second, the ten most expensive.', [
        query('topk(10, sum by (cmd) (rate(redis_commands_duration_seconds_total[$__rate_interval])))', '{{cmd}}'),
      ]),
      lines('Memory', 'bytes', 'Used, and the limit where there is one (0: none).', [
        query('redis_memory_used_bytes', '{{instance}} used'),
        query('redis_memory_max_bytes', '{{instance}} limit'),
      ]),
      lines('Clients', 'none', 'Connected and blocked.', [
        query('redis_connected_clients', '{{instance}} connected'),
        query('redis_blocked_clients', '{{instance}} blocked'),
      ]),
    ],
  ],
  [
    'As Sluice sees it',
    [
      lines('Usable', 'none', '1 while Redis takes a write of the process and answers it in time.', [
        query('sluice_router_store_up', '{{instance}} router'),
        query('sluice_worker_store_up', '{{instance}} worker'),
      ]),
      lines('Refusals', 'reqps', 'Commands that Redis refused because of its own state.', [
        query('sum by (refusal) (rate(sluice_router_store_refusals_total[$__rate_interval]))', 'router {{refusal}}'),
        query('sum by (refusal) (rate(sluice_worker_store_refusals_total[$__rate_interval]))', 'worker {{refusal}}'),
      ]),
      lines('Clock ahead', 's', 'How far the clock of a process is ahead of that of Redis.', [
        query('sluice_router_clock_ahead_seconds', '{{instance}} router'),
        query('sluice_worker_clock_ahead_seconds', '{{instance}} worker'),
      ]),
    ],
  ],
  [
    'Durability',
    [
      lines('Append-only file', 'none', '1: the last write and the last rewrite went well.', [
        query('redis_aof_last_write_status', '{{instance}} write'),
        query('redis_aof_last_bgrewrite_status', '{{instance}} rewrite'),
      ]),
      lines('Keys', 'none', 'By database.', [query('redis_db_keys', '{{instance}} {{db}}')]),
    ],
  ],
])
