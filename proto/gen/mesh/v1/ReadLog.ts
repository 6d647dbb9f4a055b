// Original file: proto/mesh/v1/config.proto


export interface ReadLog {
  'id'?: (number);
  'plugin'?: (string);
  'tailBytes'?: (number);
  'follow'?: (boolean);
  'stop'?: (boolean);
  'after'?: (string);
}

export interface ReadLog__Output {
  'id': (number);
  'plugin': (string);
  'tailBytes': (number);
  'follow': (boolean);
  'stop': (boolean);
  'after': (string);
}
