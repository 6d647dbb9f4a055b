import type { Silence, Webhook } from "../model/alarm.ts";
import type { Cluster, Domain, Plugin, PluginVersion } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import type { Node } from "../model/node.ts";
import { holdsBase, holdsVersion, type Release } from "../model/release.ts";
import type { Token } from "../model/token.ts";
import type { Row } from "./engine.ts";
import type { RecordKind, RecordTypes, Unrevised } from "./store.ts";

/** Columns that name a record of another table; all null: none. */
export interface Reference {
  readonly columns: readonly string[];
  readonly to: RecordKind;
}

/** Rows beside a record for what it refers to many of. */
interface Links<Item> {
  readonly table: string;
  /** Column that holds the record's key. */
  readonly owner: string;
  readonly references: readonly Reference[];
  rows(item: Unrevised<Item>): readonly Row[];
}

/** How records of one kind are kept: `columns` is what they are found by and what they refer to, besides their JSON. */
export interface RecordTable<Item, Key> {
  readonly kind: RecordKind;
  /** What one is called in messages. */
  readonly noun: string;
  /** Columns of the key with the type of each, in the order of listings. */
  readonly key: Readonly<Record<string, "string" | "number">>;
  readonly references: readonly Reference[];
  readonly links?: Links<Item>;
  keyOf(item: Unrevised<Item>): Key;
  /** The key as the columns have it. */
  keyColumns(key: Key): Readonly<Record<string, string | number>>;
  columns(item: Unrevised<Item>): Row;
  /** What audit may show of it; the whole if there is nothing to hide. */
  audited?(item: Item): unknown;
}

export type RecordTables = {
  readonly [Kind in RecordKind]: RecordTable<RecordTypes[Kind][0], RecordTypes[Kind][1]>;
};

const domains: RecordTable<Domain, string> = {
  kind: "domains",
  noun: "domain",
  key: { name: "string" },
  references: [],
  keyOf: ({ name }) => name,
  keyColumns: (name) => ({ name }),
  columns: () => ({}),
};

const clusters: RecordTable<Cluster, string> = {
  kind: "clusters",
  noun: "cluster",
  key: { name: "string" },
  references: [{ columns: ["domain"], to: "domains" }],
  keyOf: ({ name }) => name,
  keyColumns: (name) => ({ name }),
  columns: ({ domain }) => ({ domain }),
};

const plugins: RecordTable<Plugin, string> = {
  kind: "plugins",
  noun: "plugin",
  key: { name: "string" },
  references: [{ columns: ["domain"], to: "domains" }],
  keyOf: ({ name }) => name,
  keyColumns: (name) => ({ name }),
  columns: ({ domain }) => ({ domain }),
};

const versions: RecordTable<PluginVersion, { readonly plugin: string; readonly version: string }> = {
  kind: "versions",
  noun: "version",
  key: { plugin: "string", version: "string" },
  references: [{ columns: ["plugin"], to: "plugins" }],
  keyOf: ({ plugin, version }) => ({ plugin, version }),
  keyColumns: ({ plugin, version }) => ({ plugin, version }),
  columns: ({ digest }) => ({ digest }),
};

const chains: RecordTable<ClusterChain, string> = {
  kind: "chains",
  noun: "chain",
  key: { cluster: "string" },
  references: [{ columns: ["cluster"], to: "clusters" }],
  links: {
    table: "chain_entries",
    owner: "cluster",
    references: [{ columns: ["plugin"], to: "plugins" }],
    rows: ({ entries }) => entries.map(({ plugin }) => ({ plugin })),
  },
  keyOf: ({ cluster }) => cluster,
  keyColumns: (cluster) => ({ cluster }),
  columns: () => ({}),
};

const releases: RecordTable<Release, number> = {
  kind: "releases",
  noun: "release",
  key: { id: "number" },
  references: [
    { columns: ["held_cluster"], to: "clusters" },
    { columns: ["held_plugin", "held_version"], to: "versions" },
    { columns: ["held_plugin", "held_base"], to: "versions" },
  ],
  keyOf: ({ id }) => id,
  keyColumns: (id) => ({ id }),
  columns: releaseColumns,
};

function releaseColumns(release: Unrevised<Release>): Row {
  const { cluster, plugin, version, state, base } = release;
  const held = holdsVersion(state);
  return {
    cluster,
    plugin,
    state,
    held_cluster: held ? cluster : null,
    held_plugin: held ? plugin : null,
    held_version: held ? version : null,
    held_base: holdsBase(state) ? (base ?? null) : null,
  };
}

const nodes: RecordTable<Node, string> = {
  kind: "nodes",
  noun: "node",
  key: { id: "string" },
  references: [{ columns: ["cluster"], to: "clusters" }],
  keyOf: ({ id }) => id,
  keyColumns: (id) => ({ id }),
  columns: ({ cluster }) => ({ cluster }),
};

const tokens: RecordTable<Token, string> = {
  kind: "tokens",
  noun: "token",
  key: { id: "string" },
  references: [],
  links: {
    table: "token_scopes",
    owner: "token",
    references: [
      { columns: ["domain"], to: "domains" },
      { columns: ["cluster"], to: "clusters" },
    ],
    rows: scopesOf,
  },
  keyOf: ({ id }) => id,
  keyColumns: (id) => ({ id }),
  columns: ({ hash }) => ({ hash }),
  audited: (token) => ({ ...token, hash: "hidden" }),
};

/** A revoked token keeps nothing. */
function scopesOf({ grants, revoked }: Unrevised<Token>): readonly Row[] {
  if (revoked) return [];
  return grants.flatMap(({ scope }): Row[] => {
    if (scope.kind === "all") return [];
    return [
      scope.kind === "domain"
        ? { domain: scope.domain, cluster: null }
        : { domain: null, cluster: scope.cluster },
    ];
  });
}

const webhooks: RecordTable<Webhook, string> = { ...identified("webhooks", "webhook") };
const silences: RecordTable<Silence, string> = { ...identified("silences", "silence") };

function identified<Item extends { readonly id: string }>(
  kind: RecordKind,
  noun: string,
): RecordTable<Item, string> {
  return {
    kind,
    noun,
    key: { id: "string" },
    references: [],
    keyOf: (item) => (item as Item).id,
    keyColumns: (id) => ({ id }),
    columns: () => ({}),
  };
}

/** All kinds of records. */
export const RECORD_TABLES: RecordTables = {
  domains,
  clusters,
  plugins,
  versions,
  chains,
  releases,
  nodes,
  tokens,
  webhooks,
  silences,
};
