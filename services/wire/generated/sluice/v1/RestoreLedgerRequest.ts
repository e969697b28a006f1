// Original file: proto/sluice/v1/admin.proto


export interface RestoreLedgerRequest {
  /**
   * Start every window from nothing, instead of from what the router remembers to be spent and held.
   */
  'fromNothing'?: (boolean);
}

export interface RestoreLedgerRequest__Output {
  /**
   * Start every window from nothing, instead of from what the router remembers to be spent and held.
   */
  'fromNothing': (boolean);
}
