// Original file: proto/mesh/v1/config.proto


export interface StagedPackage {
  'plugin'?: (string);
  'version'?: (string);
  'digest'?: (string);
}

export interface StagedPackage__Output {
  'plugin': (string);
  'version': (string);
  'digest': (string);
}
