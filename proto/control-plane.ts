import type { ControlPlaneDefinition } from "./gen/mesh/v1/ControlPlane.ts";
import { loadService } from "./load.ts";

/** The service that nodes connect to. */
export const controlPlane = loadService(
  "mesh/v1/config.proto",
  "mesh.v1.ControlPlane",
) as ControlPlaneDefinition;
