// Original file: proto/mesh/v1/config.proto

import type { ResourceType as _mesh_v1_ResourceType, ResourceType__Output as _mesh_v1_ResourceType__Output } from '../../mesh/v1/ResourceType.ts';
import type { Long } from '@grpc/proto-loader';

export interface Resource {
  'type'?: (_mesh_v1_ResourceType);
  'nonce'?: (string);
  'hash'?: (string);
  'tick'?: (number | string | Long);
  'content'?: (Buffer | Uint8Array | string);
  'tombstone'?: (boolean);
  'again'?: (string)[];
}

export interface Resource__Output {
  'type': (_mesh_v1_ResourceType__Output);
  'nonce': (string);
  'hash': (string);
  'tick': (number);
  'content': (Buffer);
  'tombstone': (boolean);
  'again': (string)[];
}
