/**
 * What a right is asked for. A grant for everything covers all of these, one for a domain the domain with its clusters,
 * one for a cluster that cluster. `somewhere`: listings, whose items are filtered one by one.
 */
export type Place =
  | { readonly kind: "everywhere" }
  | { readonly kind: "somewhere" }
  | { readonly kind: "domain"; readonly domain: string }
  /** `domain`: the one it belongs to; undefined where there is no such cluster. */
  | { readonly kind: "cluster"; readonly cluster: string; readonly domain: string | undefined };
