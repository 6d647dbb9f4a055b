// Original file: proto/mesh/v1/plugin.proto

import type { Header as _mesh_v1_Header, Header__Output as _mesh_v1_Header__Output } from '../../mesh/v1/Header.ts';
import type { Long } from '@grpc/proto-loader';

export interface MeshRequest {
  'id'?: (number | string | Long);
  'tag'?: (string);
  'position'?: (number);
  'headers'?: (_mesh_v1_Header)[];
  'bizStartAt'?: (number | string | Long);
  'timeout'?: (number);
  'attempt'?: (number);
}

export interface MeshRequest__Output {
  'id': (number);
  'tag': (string);
  'position': (number);
  'headers': (_mesh_v1_Header__Output)[];
  'bizStartAt': (number);
  'timeout': (number);
  'attempt': (number);
}
