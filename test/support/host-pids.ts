import type { TestMesh } from "./mesh.ts";

/** The processes that hold the isolates of a mesh, the active one first. */
export async function hostPids(mesh: TestMesh): Promise<readonly number[]> {
  const { hosts } = (await (await mesh.ask("/plugins")).json()) as {
    readonly hosts: { readonly hosts: readonly { readonly pid: number }[] };
  };
  return hosts.hosts.map(({ pid }) => pid);
}
