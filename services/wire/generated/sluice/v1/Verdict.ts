// Original file: proto/sluice/v1/content.proto

export const Verdict = {
  VERDICT_UNSPECIFIED: 'VERDICT_UNSPECIFIED',
  VERDICT_ACCEPTED: 'VERDICT_ACCEPTED',
  VERDICT_ESCALATED: 'VERDICT_ESCALATED',
  VERDICT_FAILED: 'VERDICT_FAILED',
  VERDICT_SKIPPED: 'VERDICT_SKIPPED',
} as const;

export type Verdict =
  | 'VERDICT_UNSPECIFIED'
  | 0
  | 'VERDICT_ACCEPTED'
  | 1
  | 'VERDICT_ESCALATED'
  | 2
  | 'VERDICT_FAILED'
  | 3
  | 'VERDICT_SKIPPED'
  | 4

export type Verdict__Output = typeof Verdict[keyof typeof Verdict]
