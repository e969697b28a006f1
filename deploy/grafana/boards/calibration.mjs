import { board, lines, query, rate } from './board.mjs'

/** Whether what the policy predicts still holds. */
export const calibration = board(
  'sluice-calibration',
  'Sluice: calibration and drift',
  'Whether what the policy predicts still holds.',
  [
    [
      'Before the call',
      [
        lines(
          'Difficulty by default',
          'reqps',
          'Inputs whose difficulty is a default, by why; a time-out or an error is a fault.',
          [query(rate('sluice_router_difficulty_fallbacks_total', '', 'reason'), '{{reason}}')],
        ),
        lines(
          'Out of domain',
          'reqps',
          'Answers to requests unlike those that the policy was fitted on: their P(correct) is little more than a guess scores.',
          [query(rate('sluice_router_answers_out_of_domain_total', '', 'task'), '{{task}}')],
        ),
        lines(
          'Escalated, against the last week',
          'percentunit',
          'A rise with the same callers: inputs, a model or its calibration have changed.',
          [
            query('sluice:escalated:ratio_rate1h', 'now'),
            query('avg_over_time(sluice:escalated:ratio_rate1h[7d])', 'week'),
          ],
        ),
      ],
    ],
    [
      'Drift',
      [
        lines(
          'Drift of features',
          'none',
          'Population stability index against the rows that the policy was fitted on; over 0.25 they are others.',
          [query('topk(10, max by (ladder, feature) (sluice_router_feature_drift_psi))', '{{ladder}} {{feature}}')],
        ),
        lines(
          'P(correct) less what came true',
          'percentunit',
          'Above 0 the policy trusts too much; the second line is its standard error.',
          [
            query('sluice_router_calibration_gap_ratio', '{{ladder}} {{source}}'),
            query('sluice_router_calibration_gap_error_ratio', '{{ladder}} {{source}} error'),
          ],
        ),
        lines('Calibration error', 'percentunit', 'Expected calibration error over the latest outcomes.', [
          query('sluice_router_calibration_error_ratio', '{{ladder}} {{source}}'),
        ]),
        lines(
          'What these are computed from',
          'none',
          'Requests and outcomes in the windows; few of them prove little.',
          [
            query('sluice_router_feature_drift_window_requests', '{{ladder}} requests'),
            query('sluice_router_calibration_window_outcomes', '{{ladder}} {{source}} outcomes'),
          ],
        ),
        lines(
          'Parts known by their headers alone',
          'reqps',
          'Looking into them failed or took too long, so difficulty is less sure.',
          [query(rate('sluice_router_header_only_parts_total', '', 'modality, reason'), '{{modality}} {{reason}}')],
        ),
      ],
    ],
    [
      'Policies',
      [
        lines('Policies taken and refused', 'ops', 'While running; a refused one leaves the one before deciding.', [
          query(rate('sluice_router_policy_loads_total', '', 'ladder, outcome'), '{{ladder}} {{outcome}}'),
          query(rate('sluice_router_policy_stand_ins_total', '', 'ladder'), '{{ladder}} stood in'),
        ]),
        lines(
          'A policy in shadow: its decisions',
          'reqps',
          'The same as the one that decides, escalating more, or stopping sooner.',
          [
            query(
              rate('sluice_router_shadow_policy_decisions_total', '', 'ladder, agreement'),
              '{{ladder}} {{agreement}}',
            ),
          ],
        ),
        lines('A policy in shadow: escalations', 'reqps', 'Requests that cascade, or would, by whose decision.', [
          query(rate('sluice_router_shadow_policy_escalations_total', '', 'ladder, role'), '{{ladder}} {{role}}'),
        ]),
        lines('A policy in shadow: cost', 'currencyUSD', 'US dollars a second, by whose decision.', [
          query(rate('sluice_router_shadow_policy_cost_usd_total', '', 'ladder, role'), '{{ladder}} {{role}}'),
        ]),
      ],
    ],
    [
      'Learning',
      [
        lines('Shadow calls', 'reqps', 'Answers held against the top rung, by what came of it.', [
          query(rate('sluice_router_shadow_calls_total', '', 'ladder, outcome'), '{{ladder}} {{outcome}}'),
        ]),
        lines('Cost of shadow calls', 'currencyUSD', 'US dollars a second, paid by the deployment.', [
          query(rate('sluice_router_shadow_spent_usd_total', '', 'ladder'), '{{ladder}}'),
        ]),
        lines('Outcomes kept for refits', 'reqps', 'From feedback and from shadow calls.', [
          query(rate('sluice_router_outcome_records_total', '', 'ladder, source'), '{{ladder}} {{source}}'),
        ]),
      ],
    ],
  ],
)
