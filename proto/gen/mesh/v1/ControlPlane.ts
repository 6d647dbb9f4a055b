// Original file: proto/mesh/v1/config.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ControlMessage as _mesh_v1_ControlMessage, ControlMessage__Output as _mesh_v1_ControlMessage__Output } from '../../mesh/v1/ControlMessage.ts';
import type { NodeMessage as _mesh_v1_NodeMessage, NodeMessage__Output as _mesh_v1_NodeMessage__Output } from '../../mesh/v1/NodeMessage.ts';

export interface ControlPlaneClient extends grpc.Client {
  Connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_NodeMessage, _mesh_v1_ControlMessage__Output>;
  Connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_NodeMessage, _mesh_v1_ControlMessage__Output>;
  connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_NodeMessage, _mesh_v1_ControlMessage__Output>;
  connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_NodeMessage, _mesh_v1_ControlMessage__Output>;
  
}

export interface ControlPlaneHandlers extends grpc.UntypedServiceImplementation {
  Connect: grpc.handleBidiStreamingCall<_mesh_v1_NodeMessage__Output, _mesh_v1_ControlMessage>;
  
}

export interface ControlPlaneDefinition extends grpc.ServiceDefinition {
  Connect: MethodDefinition<_mesh_v1_NodeMessage, _mesh_v1_ControlMessage, _mesh_v1_NodeMessage__Output, _mesh_v1_ControlMessage__Output>
}
