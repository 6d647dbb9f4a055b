// Original file: proto/mesh/v1/config.proto

import type { HashInForce as _mesh_v1_HashInForce, HashInForce__Output as _mesh_v1_HashInForce__Output } from '../../mesh/v1/HashInForce.ts';
import type { StagedPackage as _mesh_v1_StagedPackage, StagedPackage__Output as _mesh_v1_StagedPackage__Output } from '../../mesh/v1/StagedPackage.ts';

export interface Hello {
  'apiVersions'?: (string)[];
  'node'?: (string);
  'cluster'?: (string);
  'service'?: (string);
  'symbol'?: (string);
  'labels'?: ({[key: string]: string});
  'version'?: (string);
  'platform'?: (string);
  'inForce'?: (_mesh_v1_HashInForce)[];
  'staged'?: (_mesh_v1_StagedPackage)[];
  'incarnation'?: (string);
}

export interface Hello__Output {
  'apiVersions': (string)[];
  'node': (string);
  'cluster': (string);
  'service': (string);
  'symbol': (string);
  'labels': ({[key: string]: string});
  'version': (string);
  'platform': (string);
  'inForce': (_mesh_v1_HashInForce__Output)[];
  'staged': (_mesh_v1_StagedPackage__Output)[];
  'incarnation': (string);
}
