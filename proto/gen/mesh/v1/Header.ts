// Original file: proto/mesh/v1/plugin.proto


export interface Header {
  'key'?: (Buffer | Uint8Array | string);
  'value'?: (Buffer | Uint8Array | string)[];
}

export interface Header__Output {
  'key': (Buffer);
  'value': (Buffer)[];
}
