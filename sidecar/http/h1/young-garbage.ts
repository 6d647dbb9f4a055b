import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of buffers that may pile up before they are collected. */
const MOST = 8 * 1024 * 1024;

/** V8's collector, which it shows only to contexts that are made while the flag is set; undefined if it does not. */
const collect: unknown = (() => {
  setFlagsFromString("--expose-gc");
  const collector: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  return collector;
})();

let piled = 0;

/**
 * Counts bytes that stand in buffers of their own. A body in passage makes a buffer of each read, dead a moment
 * later, and V8 lets 64 MiB of them pile up before it looks: resident memory would grow by that for nothing. Collecting
 * the youngest objects after every 8 MiB takes a millisecond or two; small exchanges hardly ever come to that.
 */
export function countRead(bytes: number): void {
  piled += bytes;
  if (piled < MOST) return;
  piled = 0;
  if (typeof collect === "function") collect({ type: "minor" });
}
