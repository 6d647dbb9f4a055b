// Original file: proto/mesh/v1/config.proto

import type { ReportMode as _mesh_v1_ReportMode, ReportMode__Output as _mesh_v1_ReportMode__Output } from '../../mesh/v1/ReportMode.ts';

export interface Intervals {
  'heartbeat'?: (number);
  'scan'?: (number);
  'avoid'?: (number);
  'inventory'?: (number);
  'jitter'?: (number);
  'mode'?: (_mesh_v1_ReportMode);
}

export interface Intervals__Output {
  'heartbeat': (number);
  'scan': (number);
  'avoid': (number);
  'inventory': (number);
  'jitter': (number);
  'mode': (_mesh_v1_ReportMode__Output);
}
