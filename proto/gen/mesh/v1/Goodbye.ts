// Original file: proto/mesh/v1/config.proto


export interface Goodbye {
  'reconnectAfter'?: (number);
  'reason'?: (string);
}

export interface Goodbye__Output {
  'reconnectAfter': (number);
  'reason': (string);
}
