// Original file: proto/mesh/v1/config.proto

export const ResourceType = {
  RESOURCE_TYPE_UNSPECIFIED: 'RESOURCE_TYPE_UNSPECIFIED',
  STAGE: 'STAGE',
  ROUTE: 'ROUTE',
  CHAIN: 'CHAIN',
} as const;

export type ResourceType =
  | 'RESOURCE_TYPE_UNSPECIFIED'
  | 0
  | 'STAGE'
  | 1
  | 'ROUTE'
  | 2
  | 'CHAIN'
  | 3

export type ResourceType__Output = typeof ResourceType[keyof typeof ResourceType]
