import type { ObserverPluginDefinition } from "./gen/mesh/v1/ObserverPlugin.ts";
import { loadService } from "./load.ts";

/** The version of plugin.proto that this tree speaks. */
export const PLUGIN_API_VERSION = "mesh.v1";

/** The service that plugins in any language implement. */
export const observerPlugin = loadService(
  "mesh/v1/plugin.proto",
  "mesh.v1.ObserverPlugin",
) as ObserverPluginDefinition;
