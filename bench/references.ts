/** The bare passthrough of a workload, on the libraries of Node: each table has its own. */
export const PASSTHROUGH = "passthrough";

/** What plugins are added to. */
export const EMPTY_CHAIN = "sluice, empty chain";

/** The case of a table that its ratios to nginx with Lua are taken with. */
export function isLua(name: string): boolean {
  return name.startsWith("nginx + Lua");
}
