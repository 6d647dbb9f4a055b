// Original file: proto/mesh/v1/config.proto

export const ReportMode = {
  LAZY: 'LAZY',
  FULL: 'FULL',
} as const;

export type ReportMode =
  | 'LAZY'
  | 0
  | 'FULL'
  | 1

export type ReportMode__Output = typeof ReportMode[keyof typeof ReportMode]
