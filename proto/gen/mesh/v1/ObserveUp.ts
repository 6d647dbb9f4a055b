// Original file: proto/mesh/v1/plugin.proto

import type { MeshRequest as _mesh_v1_MeshRequest, MeshRequest__Output as _mesh_v1_MeshRequest__Output } from '../../mesh/v1/MeshRequest.ts';
import type { ObserveCancel as _mesh_v1_ObserveCancel, ObserveCancel__Output as _mesh_v1_ObserveCancel__Output } from '../../mesh/v1/ObserveCancel.ts';

export interface ObserveUp {
  'request'?: (_mesh_v1_MeshRequest | null);
  'cancel'?: (_mesh_v1_ObserveCancel | null);
  'message'?: "request"|"cancel";
}

export interface ObserveUp__Output {
  'request'?: (_mesh_v1_MeshRequest__Output | null);
  'cancel'?: (_mesh_v1_ObserveCancel__Output | null);
  'message'?: "request"|"cancel";
}
