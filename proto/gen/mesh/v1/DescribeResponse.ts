// Original file: proto/mesh/v1/plugin.proto


export interface DescribeResponse {
  'apiVersion'?: (string);
  'name'?: (string);
  'version'?: (string);
  'positions'?: (number)[];
  'maxInFlight'?: (number);
  'observeStreams'?: (number);
}

export interface DescribeResponse__Output {
  'apiVersion': (string);
  'name': (string);
  'version': (string);
  'positions': (number)[];
  'maxInFlight': (number);
  'observeStreams': (number);
}
