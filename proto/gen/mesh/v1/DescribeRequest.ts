// Original file: proto/mesh/v1/plugin.proto


export interface DescribeRequest {
  'apiVersions'?: (string)[];
  'configJson'?: (string);
}

export interface DescribeRequest__Output {
  'apiVersions': (string)[];
  'configJson': (string);
}
