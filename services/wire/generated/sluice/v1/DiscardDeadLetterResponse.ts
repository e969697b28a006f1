// Original file: proto/sluice/v1/admin.proto


export interface DiscardDeadLetterResponse {
}

export interface DiscardDeadLetterResponse__Output {
}
