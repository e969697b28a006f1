import { board, lines, number, quantile, query, rate } from './board.mjs'

const asked = 'rpc=~"Infer|InferStream|Submit"'

/** Latency, deadlines and service levels. */
export const latency = board(
  'sluice-latency',
  'Sluice: latency and deadlines',
  'How fast, how often in time, and how much of the error budget is left.',
  [
    [
      'Service levels',
      [
        number('Requests', 'reqps', 'Calls that want an answer.', rate('sluice_router_requests_total', asked)),
        number('Unavailable, 1 h', 'percentunit', 'Objective: under 0.1 %.', 'sluice:unavailable:ratio_rate1h'),
        number('Late, 1 h', 'percentunit', 'Objective: under 1 %.', 'sluice:late:ratio_rate1h'),
        number(
          'Error budget left, 3 d',
          'percentunit',
          'Of what 99.9 % allows; below zero the objective is missed.',
          '1 - sluice:unavailable:ratio_rate3d / 0.001',
        ),
        lines(
          'Burn of the error budget',
          'none',
          'As multiples of what the objective allows; a page at 14.4 for an hour.',
          [
            query('sluice:unavailable:ratio_rate5m / 0.001', 'unavailable 5 m'),
            query('sluice:unavailable:ratio_rate1h / 0.001', 'unavailable 1 h'),
            query('sluice:late:ratio_rate5m / 0.01', 'late 5 m'),
            query('sluice:late:ratio_rate1h / 0.01', 'late 1 h'),
          ],
        ),
        lines('Calls by status', 'reqps', 'gRPC status of every call.', [
          query(rate('sluice_router_requests_total', '', 'rpc, status'), '{{rpc}} {{status}}'),
        ]),
        lines('Calls over HTTP by status', 'reqps', 'HTTP status by route; they are among the calls by rpc too.', [
          query(rate('sluice_router_http_requests_total', '', 'route, status'), '{{route}} {{status}}'),
        ]),
      ],
    ],
    [
      'Where time goes',
      [
        lines('Time to the answer', 's', 'Whole calls; the dots are traces.', [
          query(quantile(0.5, 'sluice_router_request_duration_seconds', 'rpc', asked), '{{rpc}} p50'),
          query(quantile(0.99, 'sluice_router_request_duration_seconds', 'rpc', asked), '{{rpc}} p99'),
        ]),
        lines('Decision', 's', 'Estimating difficulty and choosing the ladder: under a millisecond.', [
          query(quantile(0.5, 'sluice_router_decision_duration_seconds', 'task'), '{{task}} p50'),
          query(quantile(0.99, 'sluice_router_decision_duration_seconds', 'task'), '{{task}} p99'),
        ]),
        lines('Wait in the queue', 's', 'From the router’s sending to the worker’s beginning.', [
          query(quantile(0.5, 'sluice_worker_queue_wait_seconds', 'model'), '{{model}} p50'),
          query(quantile(0.95, 'sluice_worker_queue_wait_seconds', 'model'), '{{model}} p95'),
        ]),
        lines('Work of a leg', 's', 'From a leg’s beginning to its report.', [
          query(quantile(0.5, 'sluice_worker_leg_duration_seconds', 'model'), '{{model}} p50'),
          query(quantile(0.95, 'sluice_worker_leg_duration_seconds', 'model'), '{{model}} p95'),
        ]),
      ],
    ],
    [
      'Routers',
      [
        lines('Requests in flight', 'none', 'By router; each has its limit (limits.inFlight).', [
          query('sluice_router_in_flight_requests', '{{instance}}'),
          query('sluice_router_admission_waiting_requests', '{{instance}} waiting to begin'),
          query('sluice_router_awaited_legs', '{{instance}} legs'),
        ]),
        lines('Event loop', 's', 'Delay at the 99th percentile: locks and leases are renewed by it.', [
          query('nodejs_eventloop_lag_p99_seconds', '{{job}} {{instance}}'),
        ]),
        lines('CPU', 'none', 'Cores in use.', [
          query('rate(process_cpu_seconds_total[$__rate_interval])', '{{job}} {{instance}}'),
        ]),
        lines('Memory', 'bytes', 'Resident.', [query('process_resident_memory_bytes', '{{job}} {{instance}}')]),
        lines('Background loops that fail', 'ops', 'Turns that failed; they are tried again.', [
          query(rate('sluice_router_loop_failures_total', '', 'loop'), '{{loop}}'),
        ]),
        lines('Cascades taken over', 'ops', 'From routers that died without draining.', [
          query(rate('sluice_router_cascades_resumed_total'), 'taken over'),
        ]),
      ],
    ],
  ],
)
