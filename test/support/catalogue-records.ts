import type { Actor } from "../../control-plane/model/actor.ts";
import type { Cluster, Domain, Plugin, PluginVersion } from "../../control-plane/model/catalogue.ts";
import type { ClusterChain } from "../../control-plane/model/chain.ts";
import type { Node } from "../../control-plane/model/node.ts";
import type { Release } from "../../control-plane/model/release.ts";
import type { Token } from "../../control-plane/model/token.ts";
import type { Unrevised } from "../../control-plane/store/store.ts";
import { entryFor } from "./snapshot-world.ts";

// Records as tests want them: whole, with one thing of their own.

export function person(name: string): Actor {
  return { kind: "token", name, tokenId: `token-of-${name}`, grants: [], node: undefined };
}

export function domainNamed(name: string): Unrevised<Domain> {
  return { name, description: "", versionApproval: false };
}

export function clusterIn(domain: string, name: string): Unrevised<Cluster> {
  return { name, domain, environment: "test", requiredApprovals: 1, rollbackApproval: false };
}

export function pluginIn(domain: string, name: string): Unrevised<Plugin> {
  return { name, domain, description: "", owners: ["dana"] };
}

export function versionOf(plugin: string, version: string): Unrevised<PluginVersion> {
  return {
    plugin,
    version,
    digest: `${plugin}-${version}`.padEnd(64, "0"),
    size: 100,
    manifest: { name: plugin, version, failurePolicy: "closed" } as never,
    configSchema: undefined,
    readme: undefined,
    uploader: "dana",
    uploadedAt: 0,
    approval: "PENDING",
    approvedBy: undefined,
    note: "",
  };
}

export function chainOf(cluster: string, plugins: readonly string[]): Unrevised<ClusterChain> {
  const entries = plugins.map((plugin) => entryFor(plugin));
  return { cluster, entries, deadlines: { request: 1_000, response: 1_000 } };
}

export function releaseOf(
  id: number,
  facts: Pick<Release, "cluster" | "plugin" | "version"> & Partial<Release>,
): Unrevised<Release> {
  return {
    id,
    digest: "",
    state: "PENDING_APPROVAL",
    target: { kind: "full" },
    author: "dana",
    editors: [],
    activeSince: undefined,
    note: "",
    approvals: [],
    scheduledAt: undefined,
    automatic: false,
    base: undefined,
    requiredApprovals: 1,
    rollbackOf: undefined,
    supersededBy: undefined,
    reason: "",
    createdAt: 0,
    updatedAt: 0,
    ...facts,
  };
}

export function nodeIn(cluster: string, id: string): Unrevised<Node> {
  return {
    id,
    cluster,
    service: "shop",
    symbol: "stable",
    labels: {},
    version: "1",
    platform: "linux/amd64",
  };
}

export function tokenOf(name: string, facts: Partial<Token> = {}): Unrevised<Token> {
  return {
    id: `id-of-${name}`,
    hash: `hash-of-${name}`,
    name,
    grants: [{ role: "viewer", scope: { kind: "all" } }],
    node: undefined,
    expiresAt: undefined,
    createdBy: "root",
    createdAt: 0,
    revoked: false,
    ...facts,
  };
}
