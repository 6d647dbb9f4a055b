import type { Context, Isolate, Module } from "isolated-vm";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** The modules of world/ by the specifier under which they import each other. */
export type WorldSource = ReadonlyMap<string, string>;

const MODULES = [
  "answer",
  "fetch",
  "fields",
  "headers",
  "limits",
  "log",
  "output",
  "owner",
  "request",
  "request-headers",
  "store",
  "timers",
  "world",
] as const;

/** Reads them from disk, once, while the process still may. */
export function readWorldSource(): WorldSource {
  // TypeScript as it is in the repository, JavaScript in what is packed.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const sources = new Map<string, string>();
  for (const name of MODULES) {
    const text = readFileSync(new URL(`./world/${name}.${extension}`, import.meta.url), "utf8");
    sources.set(`./${name}.${extension}`, extension === "ts" ? stripTypeScriptTypes(text) : text);
  }
  return sources;
}

/** Compiles and evaluates the world in a fresh context; afterwards `./world.ts` may be linked. */
export function compileWorld(isolate: Isolate, context: Context, source: WorldSource): Module {
  const modules = new Map<string, Module>();
  for (const [specifier, text] of source) {
    // The name appears in stack traces, from which the world leaves itself out.
    modules.set(specifier, isolate.compileModuleSync(text, { filename: `sluice:${specifier}` }));
  }
  const world = [...modules].find(([specifier]) => specifier.startsWith("./world."))?.[1];
  if (world === undefined) throw new Error("the world has no main module");
  world.instantiateSync(context, (specifier) => {
    const found = modules.get(specifier);
    if (found === undefined) throw new Error(`the world has no module ${specifier}`);
    return found;
  });
  world.evaluateSync();
  return world;
}
