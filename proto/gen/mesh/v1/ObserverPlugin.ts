// Original file: proto/mesh/v1/plugin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DescribeRequest as _mesh_v1_DescribeRequest, DescribeRequest__Output as _mesh_v1_DescribeRequest__Output } from '../../mesh/v1/DescribeRequest.ts';
import type { DescribeResponse as _mesh_v1_DescribeResponse, DescribeResponse__Output as _mesh_v1_DescribeResponse__Output } from '../../mesh/v1/DescribeResponse.ts';
import type { MeshRequest as _mesh_v1_MeshRequest, MeshRequest__Output as _mesh_v1_MeshRequest__Output } from '../../mesh/v1/MeshRequest.ts';
import type { MeshResponse as _mesh_v1_MeshResponse, MeshResponse__Output as _mesh_v1_MeshResponse__Output } from '../../mesh/v1/MeshResponse.ts';
import type { ObserveDown as _mesh_v1_ObserveDown, ObserveDown__Output as _mesh_v1_ObserveDown__Output } from '../../mesh/v1/ObserveDown.ts';
import type { ObserveUp as _mesh_v1_ObserveUp, ObserveUp__Output as _mesh_v1_ObserveUp__Output } from '../../mesh/v1/ObserveUp.ts';

export interface ObserverPluginClient extends grpc.Client {
  Describe(argument: _mesh_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _mesh_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _mesh_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _mesh_v1_DescribeRequest, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _mesh_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _mesh_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _mesh_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _mesh_v1_DescribeRequest, callback: grpc.requestCallback<_mesh_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  
  Execute(argument: _mesh_v1_MeshRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mesh_v1_MeshResponse__Output>;
  Execute(argument: _mesh_v1_MeshRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mesh_v1_MeshResponse__Output>;
  execute(argument: _mesh_v1_MeshRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mesh_v1_MeshResponse__Output>;
  execute(argument: _mesh_v1_MeshRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mesh_v1_MeshResponse__Output>;
  
  Observe(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_ObserveUp, _mesh_v1_ObserveDown__Output>;
  Observe(options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_ObserveUp, _mesh_v1_ObserveDown__Output>;
  observe(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_ObserveUp, _mesh_v1_ObserveDown__Output>;
  observe(options?: grpc.CallOptions): grpc.ClientDuplexStream<_mesh_v1_ObserveUp, _mesh_v1_ObserveDown__Output>;
  
}

export interface ObserverPluginHandlers extends grpc.UntypedServiceImplementation {
  Describe: grpc.handleUnaryCall<_mesh_v1_DescribeRequest__Output, _mesh_v1_DescribeResponse>;
  
  Execute: grpc.handleServerStreamingCall<_mesh_v1_MeshRequest__Output, _mesh_v1_MeshResponse>;
  
  Observe: grpc.handleBidiStreamingCall<_mesh_v1_ObserveUp__Output, _mesh_v1_ObserveDown>;
  
}

export interface ObserverPluginDefinition extends grpc.ServiceDefinition {
  Describe: MethodDefinition<_mesh_v1_DescribeRequest, _mesh_v1_DescribeResponse, _mesh_v1_DescribeRequest__Output, _mesh_v1_DescribeResponse__Output>
  Execute: MethodDefinition<_mesh_v1_MeshRequest, _mesh_v1_MeshResponse, _mesh_v1_MeshRequest__Output, _mesh_v1_MeshResponse__Output>
  Observe: MethodDefinition<_mesh_v1_ObserveUp, _mesh_v1_ObserveDown, _mesh_v1_ObserveUp__Output, _mesh_v1_ObserveDown__Output>
}
