// Original file: proto/sluice/v1/admin.proto


export interface LoadPolicyRequest {
  'ladder'?: (string);
  /**
   * policy.json and what it names, by file name.
   */
  'files'?: ({[key: string]: Buffer | Uint8Array | string});
}

export interface LoadPolicyRequest__Output {
  'ladder': (string);
  /**
   * policy.json and what it names, by file name.
   */
  'files': ({[key: string]: Buffer});
}
