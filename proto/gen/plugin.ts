import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { DescribeRequest as _mesh_v1_DescribeRequest, DescribeRequest__Output as _mesh_v1_DescribeRequest__Output } from './mesh/v1/DescribeRequest.ts';
import type { DescribeResponse as _mesh_v1_DescribeResponse, DescribeResponse__Output as _mesh_v1_DescribeResponse__Output } from './mesh/v1/DescribeResponse.ts';
import type { Header as _mesh_v1_Header, Header__Output as _mesh_v1_Header__Output } from './mesh/v1/Header.ts';
import type { MeshRequest as _mesh_v1_MeshRequest, MeshRequest__Output as _mesh_v1_MeshRequest__Output } from './mesh/v1/MeshRequest.ts';
import type { MeshResponse as _mesh_v1_MeshResponse, MeshResponse__Output as _mesh_v1_MeshResponse__Output } from './mesh/v1/MeshResponse.ts';
import type { ObserveCancel as _mesh_v1_ObserveCancel, ObserveCancel__Output as _mesh_v1_ObserveCancel__Output } from './mesh/v1/ObserveCancel.ts';
import type { ObserveDown as _mesh_v1_ObserveDown, ObserveDown__Output as _mesh_v1_ObserveDown__Output } from './mesh/v1/ObserveDown.ts';
import type { ObserveUp as _mesh_v1_ObserveUp, ObserveUp__Output as _mesh_v1_ObserveUp__Output } from './mesh/v1/ObserveUp.ts';
import type { ObserverPluginClient as _mesh_v1_ObserverPluginClient, ObserverPluginDefinition as _mesh_v1_ObserverPluginDefinition } from './mesh/v1/ObserverPlugin.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mesh: {
    v1: {
      DescribeRequest: MessageTypeDefinition<_mesh_v1_DescribeRequest, _mesh_v1_DescribeRequest__Output>
      DescribeResponse: MessageTypeDefinition<_mesh_v1_DescribeResponse, _mesh_v1_DescribeResponse__Output>
      Header: MessageTypeDefinition<_mesh_v1_Header, _mesh_v1_Header__Output>
      MeshRequest: MessageTypeDefinition<_mesh_v1_MeshRequest, _mesh_v1_MeshRequest__Output>
      MeshResponse: MessageTypeDefinition<_mesh_v1_MeshResponse, _mesh_v1_MeshResponse__Output>
      ObserveCancel: MessageTypeDefinition<_mesh_v1_ObserveCancel, _mesh_v1_ObserveCancel__Output>
      ObserveDown: MessageTypeDefinition<_mesh_v1_ObserveDown, _mesh_v1_ObserveDown__Output>
      ObserveUp: MessageTypeDefinition<_mesh_v1_ObserveUp, _mesh_v1_ObserveUp__Output>
      ObserverPlugin: SubtypeConstructor<typeof grpc.Client, _mesh_v1_ObserverPluginClient> & { service: _mesh_v1_ObserverPluginDefinition }
    }
  }
}

