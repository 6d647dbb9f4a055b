// Original file: proto/mesh/v1/config.proto

import type { ResourceType as _mesh_v1_ResourceType, ResourceType__Output as _mesh_v1_ResourceType__Output } from '../../mesh/v1/ResourceType.ts';

export interface HashInForce {
  'type'?: (_mesh_v1_ResourceType);
  'hash'?: (string);
}

export interface HashInForce__Output {
  'type': (_mesh_v1_ResourceType__Output);
  'hash': (string);
}
