// Original file: proto/sluice/v1/gateway.proto


export interface GetBudgetRequest {
}

export interface GetBudgetRequest__Output {
}
