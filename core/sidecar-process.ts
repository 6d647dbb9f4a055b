// How whoever starts `sidecar/main.ts` starts it; workers inherit both.

/**
 * Flags for a version of Node. Left alone, V8 lets the young generation of one process grow to 64 MiB and gives them back
 * late. What 4 MiB for each half cost in time was not told apart from noise.
 *
 * When little has happened for 8 s V8 collects everything twice, and throws away all code that knows shapes of objects
 * of which there is none just then: requests after a pause took a quarter to a half more CPU under HTTP/2. After a minute
 * it gives memory back as well. Both in docs/bench/wire.md. Node does not document that flag, and one that it does not
 * know ends it: only the version gets it with which it was tried.
 */
export function sidecarFlags(node: string): readonly string[] {
  const tried = node.startsWith("26.") ? ["--memory-reducer-delay-ms=60000"] : [];
  return ["--max-semi-space-size=4", ...tried];
}

export const SIDECAR_FLAGS: readonly string[] = sidecarFlags(process.versions.node);

/**
 * Environment. glibc gives every thread a heap of its own, and what V8's compiler took and freed in them stays there:
 * 18 MiB between the 20th and the 200th reload with them, 12 with one for all. Other C libraries do not read it.
 */
export const SIDECAR_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: "1" };
