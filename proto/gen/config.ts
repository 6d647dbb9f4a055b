import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Ack as _mesh_v1_Ack, Ack__Output as _mesh_v1_Ack__Output } from './mesh/v1/Ack.ts';
import type { Confirmation as _mesh_v1_Confirmation, Confirmation__Output as _mesh_v1_Confirmation__Output } from './mesh/v1/Confirmation.ts';
import type { ControlMessage as _mesh_v1_ControlMessage, ControlMessage__Output as _mesh_v1_ControlMessage__Output } from './mesh/v1/ControlMessage.ts';
import type { ControlPlaneClient as _mesh_v1_ControlPlaneClient, ControlPlaneDefinition as _mesh_v1_ControlPlaneDefinition } from './mesh/v1/ControlPlane.ts';
import type { Goodbye as _mesh_v1_Goodbye, Goodbye__Output as _mesh_v1_Goodbye__Output } from './mesh/v1/Goodbye.ts';
import type { HashInForce as _mesh_v1_HashInForce, HashInForce__Output as _mesh_v1_HashInForce__Output } from './mesh/v1/HashInForce.ts';
import type { Hello as _mesh_v1_Hello, Hello__Output as _mesh_v1_Hello__Output } from './mesh/v1/Hello.ts';
import type { Intervals as _mesh_v1_Intervals, Intervals__Output as _mesh_v1_Intervals__Output } from './mesh/v1/Intervals.ts';
import type { LogLines as _mesh_v1_LogLines, LogLines__Output as _mesh_v1_LogLines__Output } from './mesh/v1/LogLines.ts';
import type { Nack as _mesh_v1_Nack, Nack__Output as _mesh_v1_Nack__Output } from './mesh/v1/Nack.ts';
import type { NodeMessage as _mesh_v1_NodeMessage, NodeMessage__Output as _mesh_v1_NodeMessage__Output } from './mesh/v1/NodeMessage.ts';
import type { PluginReport as _mesh_v1_PluginReport, PluginReport__Output as _mesh_v1_PluginReport__Output } from './mesh/v1/PluginReport.ts';
import type { Problem as _mesh_v1_Problem, Problem__Output as _mesh_v1_Problem__Output } from './mesh/v1/Problem.ts';
import type { ReadLog as _mesh_v1_ReadLog, ReadLog__Output as _mesh_v1_ReadLog__Output } from './mesh/v1/ReadLog.ts';
import type { Resource as _mesh_v1_Resource, Resource__Output as _mesh_v1_Resource__Output } from './mesh/v1/Resource.ts';
import type { StageReport as _mesh_v1_StageReport, StageReport__Output as _mesh_v1_StageReport__Output } from './mesh/v1/StageReport.ts';
import type { StagedPackage as _mesh_v1_StagedPackage, StagedPackage__Output as _mesh_v1_StagedPackage__Output } from './mesh/v1/StagedPackage.ts';
import type { StatusReport as _mesh_v1_StatusReport, StatusReport__Output as _mesh_v1_StatusReport__Output } from './mesh/v1/StatusReport.ts';
import type { Welcome as _mesh_v1_Welcome, Welcome__Output as _mesh_v1_Welcome__Output } from './mesh/v1/Welcome.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mesh: {
    v1: {
      Ack: MessageTypeDefinition<_mesh_v1_Ack, _mesh_v1_Ack__Output>
      Confirmation: MessageTypeDefinition<_mesh_v1_Confirmation, _mesh_v1_Confirmation__Output>
      ControlMessage: MessageTypeDefinition<_mesh_v1_ControlMessage, _mesh_v1_ControlMessage__Output>
      ControlPlane: SubtypeConstructor<typeof grpc.Client, _mesh_v1_ControlPlaneClient> & { service: _mesh_v1_ControlPlaneDefinition }
      Goodbye: MessageTypeDefinition<_mesh_v1_Goodbye, _mesh_v1_Goodbye__Output>
      HashInForce: MessageTypeDefinition<_mesh_v1_HashInForce, _mesh_v1_HashInForce__Output>
      Hello: MessageTypeDefinition<_mesh_v1_Hello, _mesh_v1_Hello__Output>
      Intervals: MessageTypeDefinition<_mesh_v1_Intervals, _mesh_v1_Intervals__Output>
      LogLines: MessageTypeDefinition<_mesh_v1_LogLines, _mesh_v1_LogLines__Output>
      Nack: MessageTypeDefinition<_mesh_v1_Nack, _mesh_v1_Nack__Output>
      NodeMessage: MessageTypeDefinition<_mesh_v1_NodeMessage, _mesh_v1_NodeMessage__Output>
      PluginReport: MessageTypeDefinition<_mesh_v1_PluginReport, _mesh_v1_PluginReport__Output>
      PluginState: EnumTypeDefinition
      Problem: MessageTypeDefinition<_mesh_v1_Problem, _mesh_v1_Problem__Output>
      ReadLog: MessageTypeDefinition<_mesh_v1_ReadLog, _mesh_v1_ReadLog__Output>
      ReportKind: EnumTypeDefinition
      ReportMode: EnumTypeDefinition
      Resource: MessageTypeDefinition<_mesh_v1_Resource, _mesh_v1_Resource__Output>
      ResourceType: EnumTypeDefinition
      StageReport: MessageTypeDefinition<_mesh_v1_StageReport, _mesh_v1_StageReport__Output>
      StageState: EnumTypeDefinition
      StagedPackage: MessageTypeDefinition<_mesh_v1_StagedPackage, _mesh_v1_StagedPackage__Output>
      StatusReport: MessageTypeDefinition<_mesh_v1_StatusReport, _mesh_v1_StatusReport__Output>
      Welcome: MessageTypeDefinition<_mesh_v1_Welcome, _mesh_v1_Welcome__Output>
    }
  }
}

