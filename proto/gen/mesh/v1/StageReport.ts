// Original file: proto/mesh/v1/config.proto

import type { StageState as _mesh_v1_StageState, StageState__Output as _mesh_v1_StageState__Output } from '../../mesh/v1/StageState.ts';

export interface StageReport {
  'plugin'?: (string);
  'version'?: (string);
  'digest'?: (string);
  'state'?: (_mesh_v1_StageState);
  'detail'?: (string);
  'attempts'?: (number);
}

export interface StageReport__Output {
  'plugin': (string);
  'version': (string);
  'digest': (string);
  'state': (_mesh_v1_StageState__Output);
  'detail': (string);
  'attempts': (number);
}
