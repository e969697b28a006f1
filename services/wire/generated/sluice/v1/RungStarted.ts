// Original file: proto/sluice/v1/gateway.proto


export interface RungStarted {
  'model'?: (string);
  'tier'?: (string);
}

export interface RungStarted__Output {
  'model': (string);
  'tier': (string);
}
