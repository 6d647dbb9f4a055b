// Original file: proto/mesh/v1/config.proto

import type { Intervals as _mesh_v1_Intervals, Intervals__Output as _mesh_v1_Intervals__Output } from '../../mesh/v1/Intervals.ts';
import type { Long } from '@grpc/proto-loader';

export interface Welcome {
  'apiVersion'?: (string);
  'intervals'?: (_mesh_v1_Intervals | null);
  'tick'?: (number | string | Long);
  'artifacts'?: (string);
  'apiPort'?: (number);
}

export interface Welcome__Output {
  'apiVersion': (string);
  'intervals': (_mesh_v1_Intervals__Output | null);
  'tick': (number);
  'artifacts': (string);
  'apiPort': (number);
}
