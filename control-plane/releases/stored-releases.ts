import { OperationError } from "../model/operation-error.ts";
import type { Release, ReleaseState } from "../model/release.ts";
import { allItems } from "../store/all-items.ts";
import type { View } from "../store/store.ts";

/** Throws `not_found`. */
export async function storedRelease(view: Pick<View, "releases">, id: number): Promise<Release> {
  const release = await view.releases.get(id);
  if (release === undefined) throw new OperationError("not_found", `there is no release ${id}`);
  return release;
}

/** All releases in these states, of one plugin in one cluster or of all, in the order of their numbers. */
export async function releasesIn(
  view: Pick<View, "releases">,
  states: readonly ReleaseState[] | undefined,
  of: { readonly cluster?: string; readonly plugin?: string } = {},
): Promise<readonly Release[]> {
  return allItems((page) => view.releases.list({ ...of, states }, page));
}
