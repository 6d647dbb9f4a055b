import ivm, { type Context, type Isolate, type Module, type Reference } from "isolated-vm";

import { MIN_MEMORY } from "./limits.ts";
import type { Load } from "./protocol/messages.ts";
import { compileWorld, type WorldSource } from "./world-source.ts";
import type { EntryPoint } from "./entrance.ts";

const MEBIBYTE = 1024 * 1024;

/** The functions of world/world.ts that the host calls, and nothing else of the isolate is ever reached. */
const POINTS = [
  "prepare",
  "end",
  "ask",
  "askMany",
  "interrupted",
  "rehearse",
  "forget",
  "timer",
  "fetched",
  "synchronise",
  "collect",
  "repeat",
] as const;
export type EntryPoints = Readonly<Record<(typeof POINTS)[number], EntryPoint>>;

/** An isolate with the world in it, and without a plugin. */
export interface IsolateWorld {
  readonly isolate: Isolate;
  readonly context: Context;
  readonly world: Module;
  readonly points: EntryPoints;
}

/** Joins world and plugin: `begin` reads the default export inside of its entry. */
const LINK = `
import { begin as take } from "world";
import * as plugin from "plugin";
export const begin = () => take(() => plugin.default);
`;

export function makeIsolateWorld(memoryBytes: number, source: WorldSource): IsolateWorld {
  const memoryLimit = Math.ceil(Math.max(MIN_MEMORY, memoryBytes) / MEBIBYTE);
  const isolate = new ivm.Isolate({ memoryLimit });
  const context = isolate.createContextSync();
  const world = compileWorld(isolate, context, source);
  const points = Object.fromEntries(POINTS.map((name) => [name, pointOf(world, name)])) as EntryPoints;
  return { isolate, context, world, points };
}

/** What stacks call a plugin's script. */
export function scriptName(plugin: string): string {
  return `${plugin}.js`;
}

/** Compiles a plugin's script and links it; throws what the author should read. Evaluating it is the caller's. */
export function linkPlugin({ isolate, context, world }: IsolateWorld, load: Load): Module {
  const plugin = isolate.compileModuleSync(load.source, { filename: scriptName(load.plugin) });
  const [imported] = plugin.dependencySpecifiers;
  if (imported !== undefined) throw new Error(`cannot import '${imported}': bundle the script into one file`);
  const link = isolate.compileModuleSync(LINK, { filename: "sluice:link" });
  link.instantiateSync(context, (specifier) => (specifier === "world" ? world : plugin));
  return link;
}

/** A function that a module of ours exports. */
export function pointOf(module: Module, name: string): EntryPoint {
  const namespace = module.namespace as Reference<Record<string, unknown>>;
  return namespace.getSync(name, { reference: true }) as EntryPoint;
}
