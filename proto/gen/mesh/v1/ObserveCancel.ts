// Original file: proto/mesh/v1/plugin.proto

import type { Long } from '@grpc/proto-loader';

export interface ObserveCancel {
  'id'?: (number | string | Long);
  'position'?: (number);
}

export interface ObserveCancel__Output {
  'id': (number);
  'position': (number);
}
