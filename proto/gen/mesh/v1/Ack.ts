// Original file: proto/mesh/v1/config.proto

import type { ResourceType as _mesh_v1_ResourceType, ResourceType__Output as _mesh_v1_ResourceType__Output } from '../../mesh/v1/ResourceType.ts';

export interface Ack {
  'type'?: (_mesh_v1_ResourceType);
  'nonce'?: (string);
  'hash'?: (string);
}

export interface Ack__Output {
  'type': (_mesh_v1_ResourceType__Output);
  'nonce': (string);
  'hash': (string);
}
