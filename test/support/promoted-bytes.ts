/** Flags with which V8 says of each collection what it moved to the old generation. */
export const TRACE_PROMOTION: readonly string[] = ["--trace-gc-nvp"];

/** What scavenges moved to the old generation, since nobody had let go of it yet: by a process's output. */
export function promotedBytes(output: string): { readonly scavenges: number; readonly bytes: number } {
  const moved = Array.from(output.matchAll(/"gc":"s".*?"promoted":(\d+)/g), ([, bytes]) => Number(bytes));
  return { scavenges: moved.length, bytes: moved.reduce((sum, bytes) => sum + bytes, 0) };
}
