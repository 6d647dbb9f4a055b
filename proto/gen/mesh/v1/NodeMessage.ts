// Original file: proto/mesh/v1/config.proto

import type { Hello as _mesh_v1_Hello, Hello__Output as _mesh_v1_Hello__Output } from '../../mesh/v1/Hello.ts';
import type { Ack as _mesh_v1_Ack, Ack__Output as _mesh_v1_Ack__Output } from '../../mesh/v1/Ack.ts';
import type { Nack as _mesh_v1_Nack, Nack__Output as _mesh_v1_Nack__Output } from '../../mesh/v1/Nack.ts';
import type { StageReport as _mesh_v1_StageReport, StageReport__Output as _mesh_v1_StageReport__Output } from '../../mesh/v1/StageReport.ts';
import type { StatusReport as _mesh_v1_StatusReport, StatusReport__Output as _mesh_v1_StatusReport__Output } from '../../mesh/v1/StatusReport.ts';
import type { LogLines as _mesh_v1_LogLines, LogLines__Output as _mesh_v1_LogLines__Output } from '../../mesh/v1/LogLines.ts';

export interface NodeMessage {
  'hello'?: (_mesh_v1_Hello | null);
  'ack'?: (_mesh_v1_Ack | null);
  'nack'?: (_mesh_v1_Nack | null);
  'stage'?: (_mesh_v1_StageReport | null);
  'status'?: (_mesh_v1_StatusReport | null);
  'log'?: (_mesh_v1_LogLines | null);
  'kind'?: "hello"|"ack"|"nack"|"stage"|"status"|"log";
}

export interface NodeMessage__Output {
  'hello'?: (_mesh_v1_Hello__Output | null);
  'ack'?: (_mesh_v1_Ack__Output | null);
  'nack'?: (_mesh_v1_Nack__Output | null);
  'stage'?: (_mesh_v1_StageReport__Output | null);
  'status'?: (_mesh_v1_StatusReport__Output | null);
  'log'?: (_mesh_v1_LogLines__Output | null);
  'kind'?: "hello"|"ack"|"nack"|"stage"|"status"|"log";
}
