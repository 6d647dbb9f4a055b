// Original file: proto/mesh/v1/config.proto

export const ReportKind = {
  HEARTBEAT: 'HEARTBEAT',
  CHANGES: 'CHANGES',
  SCAN: 'SCAN',
  INVENTORY: 'INVENTORY',
} as const;

export type ReportKind =
  | 'HEARTBEAT'
  | 0
  | 'CHANGES'
  | 1
  | 'SCAN'
  | 2
  | 'INVENTORY'
  | 3

export type ReportKind__Output = typeof ReportKind[keyof typeof ReportKind]
