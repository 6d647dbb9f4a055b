// Original file: proto/mesh/v1/config.proto

import type { Welcome as _mesh_v1_Welcome, Welcome__Output as _mesh_v1_Welcome__Output } from '../../mesh/v1/Welcome.ts';
import type { Resource as _mesh_v1_Resource, Resource__Output as _mesh_v1_Resource__Output } from '../../mesh/v1/Resource.ts';
import type { Confirmation as _mesh_v1_Confirmation, Confirmation__Output as _mesh_v1_Confirmation__Output } from '../../mesh/v1/Confirmation.ts';
import type { ReadLog as _mesh_v1_ReadLog, ReadLog__Output as _mesh_v1_ReadLog__Output } from '../../mesh/v1/ReadLog.ts';
import type { Goodbye as _mesh_v1_Goodbye, Goodbye__Output as _mesh_v1_Goodbye__Output } from '../../mesh/v1/Goodbye.ts';

export interface ControlMessage {
  'welcome'?: (_mesh_v1_Welcome | null);
  'resource'?: (_mesh_v1_Resource | null);
  'confirmation'?: (_mesh_v1_Confirmation | null);
  'readLog'?: (_mesh_v1_ReadLog | null);
  'goodbye'?: (_mesh_v1_Goodbye | null);
  'kind'?: "welcome"|"resource"|"confirmation"|"readLog"|"goodbye";
}

export interface ControlMessage__Output {
  'welcome'?: (_mesh_v1_Welcome__Output | null);
  'resource'?: (_mesh_v1_Resource__Output | null);
  'confirmation'?: (_mesh_v1_Confirmation__Output | null);
  'readLog'?: (_mesh_v1_ReadLog__Output | null);
  'goodbye'?: (_mesh_v1_Goodbye__Output | null);
  'kind'?: "welcome"|"resource"|"confirmation"|"readLog"|"goodbye";
}
