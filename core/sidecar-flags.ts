/**
 * Flags of Node for whoever starts `sidecar/main.ts`; workers inherit them. Left alone, V8 lets the young generation of
 * one process grow to 64 MiB and gives them back late. What 4 MiB for each half cost in time was not told apart from noise.
 */
export const SIDECAR_FLAGS: readonly string[] = ["--max-semi-space-size=4"];
