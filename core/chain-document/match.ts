/**
 * `exact`: this path. `prefix`: this path and all below it by whole segments: `/api` covers `/api` and `/api/x`, not
 * `/apix`. Both are compared with the normalised path, case included and parameters left out: some apps serve
 * `/api;v=1` as `/api`, and what guards `/api` must not be walked around that way.
 */
export type PathMatch = { readonly exact: string } | { readonly prefix: string };

/** Holds if any of the header's lines fits; `present: false` if there is none. Values are compared with case. */
export type HeaderValueMatch =
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly present: boolean };

export interface HeaderMatch {
  /** In any case. */
  readonly name: string;
  readonly value: HeaderValueMatch;
}

/** What decides the bucket of a request. Where the named header or cookie is missing, the remote address does. */
export type BucketKey =
  | { readonly kind: "remote_address" }
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string };

/** Conditions that must all hold; what is undefined or empty is none. */
export interface EntryMatch {
  readonly path?: PathMatch | undefined;
  /** One of these, compared with case (RFC 9110 §9.1). */
  readonly methods?: readonly string[] | undefined;
  readonly headers?: readonly HeaderMatch[] | undefined;
  /** 0 to 100, in steps of 0.01. */
  readonly percentage?: number | undefined;
  /** Without effect unless `percentage` is set. Default: the remote address. */
  readonly bucketKey?: BucketKey | undefined;
}
