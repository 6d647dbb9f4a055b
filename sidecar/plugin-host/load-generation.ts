import type { Module } from "isolated-vm";

import { messageOf } from "../../core/errors.ts";
import type { BatchMessages } from "./batch-messages.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import type { HostLink } from "./effects.ts";
import { Entrance, type EntryPoint } from "./entrance.ts";
import { Generation, type Budgets } from "./generation.ts";
import { linkPlugin, makeIsolateWorld, pointOf, scriptName, type IsolateWorld } from "./isolate-world.ts";
import { HOOK_CPU } from "./limits.ts";
import type { BreadcrumbWriter } from "./protocol/breadcrumb.ts";
import { messageText } from "./protocol/message-text.ts";
import type { Failure, Load } from "./protocol/messages.ts";
import { SourcePlaces } from "./source-places.ts";
import { storeText } from "./store-text.ts";
import type { WorldSource } from "./world-source.ts";
import type { WorldSettings } from "./world/world.ts";

/** What every generation of a host shares. */
export interface HostParts {
  readonly source: WorldSource;
  readonly breadcrumb: BreadcrumbWriter;
  readonly meter: CpuMeter;
  readonly link: HostLink;
  readonly messages: BatchMessages;
}

/** A generation on its way to the point at which it can answer. */
export interface Loading {
  /** There as soon as its fetches may be answered; undefined when it did not come that far. */
  readonly generation: Generation | undefined;
  /** Undefined: it can answer. Whatever failed, nothing of it is left. */
  readonly done: Promise<Failure | undefined>;
}

/** Compiles, evaluates, and unless that is all that is wanted, runs `init` and the smoke call. Never throws. */
export function loadGeneration(load: Load, parts: HostParts): Loading {
  parts.breadcrumb.enter(load.generation);
  let world: IsolateWorld;
  try {
    world = makeIsolateWorld(load.memoryBytes, parts.source);
  } catch (error) {
    return { generation: undefined, done: Promise.resolve(thrown(messageOf(error))) };
  }
  const entrance = new Entrance(world.isolate, load.generation, parts.breadcrumb, parts.meter);
  const budgets = budgetsOf(load);
  const { isolate, points } = world;
  const places = new SourcePlaces(scriptName(load.plugin), load.source);
  const generation = new Generation({
    id: load.generation,
    isolate,
    points,
    entrance,
    budgets,
    link: parts.link,
    messages: parts.messages,
    places,
  });
  return { generation, done: bringUp({ generation, entrance, world, load, budgets, places }) };
}

/** A generation on its way to its first question. */
interface Beginning {
  readonly generation: Generation;
  readonly entrance: Entrance;
  readonly world: IsolateWorld;
  readonly load: Load;
  readonly budgets: Budgets;
  readonly places: SourcePlaces;
}

async function bringUp(beginning: Beginning): Promise<Failure | undefined> {
  const { generation, places } = beginning;
  try {
    const failure = await firstFailure(beginning);
    if (failure !== undefined) generation.dispose();
    return failure;
  } catch (error) {
    generation.dispose();
    return thrown(places.readable(messageOf(error)));
  }
}

async function firstFailure(beginning: Beginning): Promise<Failure | undefined> {
  const { generation, entrance, world, load, budgets, places } = beginning;
  const settings = JSON.stringify(settingsOf(load));
  const prepared = entrance.enter(
    world.points.prepare,
    [settings, storeText(load.entries, [])],
    budgets.hookCpu,
  );
  if (prepared.failure !== undefined) return prepared.failure;
  const link = linkPlugin(world, load);
  const evaluated = entrance.run((options) => link.evaluateSync(options), budgets.hookCpu);
  if (evaluated.failure !== undefined) return evaluated.failure;
  if (evaluated.stray !== undefined) return thrown(places.readable(evaluated.stray));
  const begin = beginOf(link);
  if (load.compileOnly) return undefined;
  // What hooks fail with is readable already.
  const failure = await generation.init(begin);
  return failure ?? (await generation.smoke(smokeMessage(load), load.tag));
}

/** The link is there as soon as the script was evaluated to its end. */
function beginOf(link: Module): EntryPoint {
  try {
    return pointOf(link, "begin");
  } catch {
    throw new Error("the script waits for something at its top level: wait in init instead");
  }
}

function settingsOf(load: Load): WorldSettings {
  return {
    plugin: load.plugin,
    version: load.version,
    tag: load.tag,
    positions: load.positions,
    config: load.configJson === "" ? undefined : JSON.parse(load.configJson),
    timeout: load.timeoutMs,
    kv: load.keyValue ? { bytes: load.keyValueBytes, keys: load.keyValueKeys } : undefined,
    fetch: load.fetch.length > 0,
  };
}

function budgetsOf(load: Load): Budgets {
  return {
    cpu: load.cpuMicros / 1000,
    timeout: load.timeoutMs,
    hookCpu: Math.max(1, Math.min(HOOK_CPU, load.hookTimeoutMs)),
    hookTimeout: load.hookTimeoutMs,
  };
}

const SMOKE_LINES = "Host: smoke.invalid\r\n";

/** A request that nobody sent, which `request.smoke` tells: attempt 0, at the first position that is named. */
function smokeMessage(load: Load): string {
  const position = load.positions[0] ?? 0;
  const facts = {
    id: 0,
    position,
    bizStartAt: Date.now(),
    status: position === 1 ? 200 : 0,
    method: "GET",
    host: "smoke.invalid",
    remoteIp: "127.0.0.1",
    path: "/",
    query: "",
  };
  return messageText(facts, 0, SMOKE_LINES);
}

function thrown(detail: string): Failure {
  return { cause: "throw", detail };
}
