// Original file: proto/mesh/v1/config.proto

export const StageState = {
  STAGE_STATE_UNSPECIFIED: 'STAGE_STATE_UNSPECIFIED',
  FETCHING: 'FETCHING',
  LOADABLE: 'LOADABLE',
  INVALID: 'INVALID',
  WAITING: 'WAITING',
  DELETED: 'DELETED',
} as const;

export type StageState =
  | 'STAGE_STATE_UNSPECIFIED'
  | 0
  | 'FETCHING'
  | 1
  | 'LOADABLE'
  | 2
  | 'INVALID'
  | 3
  | 'WAITING'
  | 4
  | 'DELETED'
  | 5

export type StageState__Output = typeof StageState[keyof typeof StageState]
