// Original file: proto/sluice/v1/gateway.proto

import type { Decision as _sluice_v1_Decision, Decision__Output as _sluice_v1_Decision__Output } from '../../sluice/v1/Decision.ts';
import type { RungStarted as _sluice_v1_RungStarted, RungStarted__Output as _sluice_v1_RungStarted__Output } from '../../sluice/v1/RungStarted.ts';
import type { TextDelta as _sluice_v1_TextDelta, TextDelta__Output as _sluice_v1_TextDelta__Output } from '../../sluice/v1/TextDelta.ts';
import type { RungReport as _sluice_v1_RungReport, RungReport__Output as _sluice_v1_RungReport__Output } from '../../sluice/v1/RungReport.ts';
import type { InferResponse as _sluice_v1_InferResponse, InferResponse__Output as _sluice_v1_InferResponse__Output } from '../../sluice/v1/InferResponse.ts';

export interface InferEvent {
  'requestId'?: (string);
  'decision'?: (_sluice_v1_Decision | null);
  'rungStarted'?: (_sluice_v1_RungStarted | null);
  'textDelta'?: (_sluice_v1_TextDelta | null);
  'rungFinished'?: (_sluice_v1_RungReport | null);
  'final'?: (_sluice_v1_InferResponse | null);
  'event'?: "decision"|"rungStarted"|"textDelta"|"rungFinished"|"final";
}

export interface InferEvent__Output {
  'requestId': (string);
  'decision'?: (_sluice_v1_Decision__Output | null);
  'rungStarted'?: (_sluice_v1_RungStarted__Output | null);
  'textDelta'?: (_sluice_v1_TextDelta__Output | null);
  'rungFinished'?: (_sluice_v1_RungReport__Output | null);
  'final'?: (_sluice_v1_InferResponse__Output | null);
  'event'?: "decision"|"rungStarted"|"textDelta"|"rungFinished"|"final";
}
