// Original file: proto/mesh/v1/config.proto

export const PluginState = {
  PLUGIN_STATE_UNSPECIFIED: 'PLUGIN_STATE_UNSPECIFIED',
  RUNNING: 'RUNNING',
  FAILED: 'FAILED',
  UNKNOWN: 'UNKNOWN',
  INSTALLED: 'INSTALLED',
  REMOVED: 'REMOVED',
  QUARANTINED: 'QUARANTINED',
  ALIEN: 'ALIEN',
} as const;

export type PluginState =
  | 'PLUGIN_STATE_UNSPECIFIED'
  | 0
  | 'RUNNING'
  | 1
  | 'FAILED'
  | 2
  | 'UNKNOWN'
  | 3
  | 'INSTALLED'
  | 4
  | 'REMOVED'
  | 5
  | 'QUARANTINED'
  | 6
  | 'ALIEN'
  | 7

export type PluginState__Output = typeof PluginState[keyof typeof PluginState]
