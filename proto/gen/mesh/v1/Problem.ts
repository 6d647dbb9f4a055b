// Original file: proto/mesh/v1/config.proto


export interface Problem {
  'key'?: (string);
  'message'?: (string);
  'plugin'?: (string);
}

export interface Problem__Output {
  'key': (string);
  'message': (string);
  'plugin': (string);
}
