// Original file: proto/sluice/v1/gateway.proto


export interface SendFeedbackResponse {
}

export interface SendFeedbackResponse__Output {
}
