// Original file: proto/mesh/v1/config.proto

import type { PluginState as _mesh_v1_PluginState, PluginState__Output as _mesh_v1_PluginState__Output } from '../../mesh/v1/PluginState.ts';

export interface PluginReport {
  'plugin'?: (string);
  'version'?: (string);
  'digest'?: (string);
  'state'?: (_mesh_v1_PluginState);
  'error'?: (string);
  'generation'?: (number);
}

export interface PluginReport__Output {
  'plugin': (string);
  'version': (string);
  'digest': (string);
  'state': (_mesh_v1_PluginState__Output);
  'error': (string);
  'generation': (number);
}
