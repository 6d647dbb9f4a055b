// Original file: proto/mesh/v1/config.proto

import type { Intervals as _mesh_v1_Intervals, Intervals__Output as _mesh_v1_Intervals__Output } from '../../mesh/v1/Intervals.ts';
import type { Long } from '@grpc/proto-loader';

export interface Confirmation {
  'sequence'?: (number | string | Long);
  'intervals'?: (_mesh_v1_Intervals | null);
  'wantComplete'?: (boolean);
}

export interface Confirmation__Output {
  'sequence': (number);
  'intervals': (_mesh_v1_Intervals__Output | null);
  'wantComplete': (boolean);
}
