// Original file: proto/mesh/v1/plugin.proto

import type { MeshResponse as _mesh_v1_MeshResponse, MeshResponse__Output as _mesh_v1_MeshResponse__Output } from '../../mesh/v1/MeshResponse.ts';
import type { Long } from '@grpc/proto-loader';

export interface ObserveDown {
  'id'?: (number | string | Long);
  'position'?: (number);
  'next'?: (_mesh_v1_MeshResponse | null);
  'completed'?: (boolean);
  'failed'?: (string);
  'event'?: "next"|"completed"|"failed";
}

export interface ObserveDown__Output {
  'id': (number);
  'position': (number);
  'next'?: (_mesh_v1_MeshResponse__Output | null);
  'completed'?: (boolean);
  'failed'?: (string);
  'event'?: "next"|"completed"|"failed";
}
