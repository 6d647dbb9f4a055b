// Original file: proto/mesh/v1/config.proto

import type { ResourceType as _mesh_v1_ResourceType, ResourceType__Output as _mesh_v1_ResourceType__Output } from '../../mesh/v1/ResourceType.ts';
import type { Problem as _mesh_v1_Problem, Problem__Output as _mesh_v1_Problem__Output } from '../../mesh/v1/Problem.ts';

export interface Nack {
  'type'?: (_mesh_v1_ResourceType);
  'nonce'?: (string);
  'hash'?: (string);
  'problems'?: (_mesh_v1_Problem)[];
}

export interface Nack__Output {
  'type': (_mesh_v1_ResourceType__Output);
  'nonce': (string);
  'hash': (string);
  'problems': (_mesh_v1_Problem__Output)[];
}
