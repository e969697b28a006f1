import { board, lines, number, quantile, query, rate } from './board.mjs'

const answered = 'end="answered"'

/** What escalates, why, at what cost and quality. */
export const cascade = board(
  'sluice-cascade',
  'Sluice: the cascade',
  'What escalates, why, at what cost and quality.',
  [
    [
      'At a glance',
      [
        number(
          'Answers',
          'reqps',
          'Cascades that ended with an answer.',
          rate('sluice_router_cascades_total', answered),
        ),
        number(
          'Escalated',
          'percentunit',
          'Share of judged answers that were not good enough to stop at.',
          'sluice:escalated:ratio_rate1h',
        ),
        number(
          'Cost of an answer',
          'currencyUSD',
          'Mean over what was asked in the interval.',
          `${rate('sluice_router_spent_usd_total')} / ${rate('sluice_router_cascades_total', answered)}`,
        ),
        number(
          'Degraded',
          'percentunit',
          'Answers with less quality than was asked for.',
          `${rate('sluice_router_degraded_total')} / ${rate('sluice_router_cascades_total', answered)}`,
        ),
      ],
    ],
    [
      'What escalates',
      [
        lines(
          'Verdicts by rung',
          'reqps',
          'Each judged answer: accepted, escalated or failed. A cheap rung that is mostly escalated is paid for nothing.',
          [query(rate('sluice_router_rungs_total', '', 'model, verdict'), '{{model}} {{verdict}}')],
        ),
        lines('Accepted by tier', 'percentunit', 'Share of the answers that each tier gave.', [
          query(
            `${rate('sluice_router_rungs_total', 'verdict="accepted"', 'tier')} / ignoring(tier) group_left ${rate('sluice_router_rungs_total', 'verdict="accepted"')}`,
            '{{tier}}',
          ),
        ]),
        lines(
          'Confidence of answers',
          'percentunit',
          'Calibrated probability of being right: the tenth part that is least sure, and the middle.',
          [
            query(quantile(0.1, 'sluice_router_answer_confidence_ratio', 'task, tier'), '{{task}} {{tier}} p10'),
            query(quantile(0.5, 'sluice_router_answer_confidence_ratio', 'task, tier'), '{{task}} {{tier}} p50'),
          ],
        ),
        lines('Ends by task', 'reqps', 'How cascades end, for each task.', [
          query(rate('sluice_router_cascades_total', '', 'task, end'), '{{task}} {{end}}'),
        ]),
        lines(
          'Why answers are degraded',
          'reqps',
          'What stopped an escalation that quality asked for: money, time, workers, or a rung that failed.',
          [query(rate('sluice_router_degraded_total', '', 'reason'), '{{reason}}')],
        ),
      ],
    ],
    [
      'What it costs',
      [
        lines(
          'Spending by model',
          'currencyUSD',
          'US dollars a second.',
          [query(rate('sluice_router_spent_usd_total', '', 'model'), '{{model}}')],
          { stack: true },
        ),
        lines(
          'Spending against the last week',
          'currencyUSD',
          'US dollars a second over an hour, and its mean over a week.',
          [query('sluice:spent_usd:rate1h', 'now'), query('avg_over_time(sluice:spent_usd:rate1h[7d])', 'week')],
        ),
      ],
    ],
    [
      'Guardrails and answers given again',
      [
        lines(
          'Findings of guardrails',
          'reqps',
          'Requests and answers in which something was found, and what was done.',
          [
            query(
              rate('sluice_guardrail_findings_total', '', 'stage, check, action'),
              '{{stage}} {{check}} {{action}}',
            ),
            query(
              rate('sluice_guardrail_faults_total', '', 'stage, outcome'),
              '{{stage}} could not be checked, {{outcome}}',
            ),
          ],
        ),
        lines('Time of guardrails', 's', 'What the checks of one stage take for one request or answer.', [
          query(quantile(0.5, 'sluice_guardrail_check_seconds', 'stage'), '{{stage}} p50'),
          query(quantile(0.99, 'sluice_guardrail_check_seconds', 'stage'), '{{stage}} p99'),
        ]),
        lines('Looks into the cache of answers', 'reqps', 'By what they came to.', [
          query(rate('sluice_router_cache_looks_total', '', 'outcome'), '{{outcome}}'),
        ]),
        lines(
          'Saved by the cache',
          'currencyUSD',
          'US dollars a second: what the answers that were given again had cost.',
          [query(rate('sluice_router_cache_saved_usd_total'), 'saved')],
        ),
      ],
    ],
  ],
)
