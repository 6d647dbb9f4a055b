// Original file: proto/mesh/v1/plugin.proto

import type { Header as _mesh_v1_Header, Header__Output as _mesh_v1_Header__Output } from '../../mesh/v1/Header.ts';

export interface MeshResponse {
  'httpCode'?: (number);
  'headerSet'?: (_mesh_v1_Header)[];
  'body'?: (string);
}

export interface MeshResponse__Output {
  'httpCode': (number);
  'headerSet': (_mesh_v1_Header__Output)[];
  'body': (string);
}
