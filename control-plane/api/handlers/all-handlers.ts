import type { EndpointHandlers } from "../endpoint-handler.ts";
import type { Releases } from "../../releases/releases.ts";
import { accessHandlers } from "./access-handlers.ts";
import { alarmHandlers, type AlarmParts } from "./alarm-handlers.ts";
import { chainHandlers } from "./chain-handlers.ts";
import { documentHandlers } from "./document-handlers.ts";
import { domainHandlers, type DomainParts } from "./domain-handlers.ts";
import { nodeHandlers, type NodeParts } from "./node-handlers.ts";
import { pluginHandlers, type PluginParts } from "./plugin-handlers.ts";
import { releaseHandlers } from "./release-handlers.ts";

export interface HandlerParts extends DomainParts, PluginParts, NodeParts, AlarmParts {
  readonly releases: Releases;
  /** For what is on its way; it exists. */
  readonly temporaryFolder: string;
}

/** A handler for every endpoint of the table. */
export function allHandlers(parts: HandlerParts): EndpointHandlers {
  const { store, clock, releases, temporaryFolder } = parts;
  return {
    ...documentHandlers(store, temporaryFolder),
    ...domainHandlers(parts),
    ...chainHandlers(store, clock),
    ...pluginHandlers(parts),
    ...releaseHandlers(store, releases),
    ...nodeHandlers(parts),
    ...accessHandlers(store, clock),
    ...alarmHandlers(parts),
  };
}
