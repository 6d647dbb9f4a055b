// Original file: proto/mesh/v1/config.proto

import type { ReportKind as _mesh_v1_ReportKind, ReportKind__Output as _mesh_v1_ReportKind__Output } from '../../mesh/v1/ReportKind.ts';
import type { PluginReport as _mesh_v1_PluginReport, PluginReport__Output as _mesh_v1_PluginReport__Output } from '../../mesh/v1/PluginReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface StatusReport {
  'sequence'?: (number | string | Long);
  'kind'?: (_mesh_v1_ReportKind);
  'complete'?: (boolean);
  'plugins'?: (_mesh_v1_PluginReport)[];
  'inFlight'?: (number);
  'exchanges'?: (number | string | Long);
}

export interface StatusReport__Output {
  'sequence': (number);
  'kind': (_mesh_v1_ReportKind__Output);
  'complete': (boolean);
  'plugins': (_mesh_v1_PluginReport__Output)[];
  'inFlight': (number);
  'exchanges': (number);
}
