// Original file: proto/mesh/v1/config.proto


export interface LogLines {
  'id'?: (number);
  'lines'?: (string)[];
  'end'?: (boolean);
  'problem'?: (string);
  'dropped'?: (number);
  'position'?: (string);
  'lost'?: (boolean);
}

export interface LogLines__Output {
  'id': (number);
  'lines': (string)[];
  'end': (boolean);
  'problem': (string);
  'dropped': (number);
  'position': (string);
  'lost': (boolean);
}
