import { readKeyValueEntry, writeKeyValueEntries } from "./function-messages.ts";
import type { Failure, Fault, KeyValueEntry, Load, Loaded, Unload, Unloaded } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { readFailure, writeFailure } from "./run-messages.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

export function writeLoad(writer: WireWriter, load: Load): void {
  writer.uint(1, load.generation);
  writer.utf8(2, load.plugin);
  writer.utf8(3, load.version);
  writer.utf8(4, load.source);
  writer.utf8(5, load.configJson);
  writer.uint(6, load.cpuMicros);
  writer.uint(7, load.timeoutMs);
  writer.uint(8, load.memoryBytes);
  writer.uint(9, load.hookTimeoutMs);
  writer.bool(10, load.keyValue);
  writeKeyValueEntries(writer, 11, load.entries);
  writer.uint(12, load.keyValueBytes);
  writer.uint(13, load.keyValueKeys);
  for (const pattern of load.fetch) writer.utf8Item(14, pattern);
  writer.uints(15, load.positions);
  writer.utf8(16, load.tag);
  writer.bool(17, load.compileOnly);
}

export function readLoad(reader: WireReader): Load {
  const entries: KeyValueEntry[] = [];
  const fetch: string[] = [];
  const positions: number[] = [];
  const load = {
    kind: "load" as const,
    generation: 0,
    plugin: "",
    version: "",
    source: "",
    configJson: "",
    cpuMicros: 0,
    timeoutMs: 0,
    memoryBytes: 0,
    hookTimeoutMs: 0,
    keyValue: false,
    entries,
    keyValueBytes: 0,
    keyValueKeys: 0,
    fetch,
    positions,
    tag: "",
    compileOnly: false,
  };
  while (reader.more) readLoadField(reader, load);
  return load;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type LoadBeingRead = Mutable<Omit<Load, "entries" | "fetch" | "positions">> & {
  readonly entries: KeyValueEntry[];
  readonly fetch: string[];
  readonly positions: number[];
};

function readLoadField(reader: WireReader, load: LoadBeingRead): void {
  switch (reader.field()) {
    case 1:
      load.generation = reader.uint32();
      return;
    case 2:
      load.plugin = reader.utf8();
      return;
    case 3:
      load.version = reader.utf8();
      return;
    case 4:
      load.source = reader.utf8();
      return;
    case 5:
      load.configJson = reader.utf8();
      return;
    case 6:
      load.cpuMicros = reader.uint32();
      return;
    case 7:
      load.timeoutMs = reader.uint32();
      return;
    case 8:
      load.memoryBytes = reader.uint32();
      return;
    case 9:
      load.hookTimeoutMs = reader.uint32();
      return;
    case 10:
      load.keyValue = reader.bool();
      return;
    case 11:
      load.entries.push(readKeyValueEntry(reader));
      return;
    case 12:
      load.keyValueBytes = reader.uint32();
      return;
    case 13:
      load.keyValueKeys = reader.uint32();
      return;
    case 14:
      reader.item();
      load.fetch.push(reader.utf8());
      return;
    case 15:
      reader.uints(load.positions);
      return;
    case 16:
      load.tag = reader.utf8();
      return;
    case 17:
      load.compileOnly = reader.bool();
      return;
    default:
      reader.skip();
  }
}

/** Loaded and Unloaded have the same fields. */
export function writeOutcome(writer: WireWriter, outcome: Loaded | Unloaded): void {
  writer.uint(1, outcome.generation);
  writeFailure(writer, 2, outcome.error);
}

export function readOutcome<Kind extends "loaded" | "unloaded">(
  reader: WireReader,
  kind: Kind,
): { kind: Kind; generation: number; error: Failure | undefined } {
  let generation = 0;
  let error: Failure | undefined;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) generation = reader.uint32();
    else if (field === 2) error = readFailure(reader);
    else reader.skip();
  }
  return { kind, generation, error };
}

export function writeUnload(writer: WireWriter, unload: Unload): void {
  writer.uint(1, unload.generation);
  writer.bool(2, unload.abandon);
}

export function readUnload(reader: WireReader): Unload {
  let generation = 0;
  let abandon = false;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) generation = reader.uint32();
    else if (field === 2) abandon = reader.bool();
    else reader.skip();
  }
  return { kind: "unload", generation, abandon };
}

export function writeFault(writer: WireWriter, fault: Fault): void {
  writer.uint(1, fault.generation);
  writeFailure(writer, 2, fault.failure);
  writer.bool(3, fault.lost);
}

export function readFault(reader: WireReader): Fault {
  let generation = 0;
  let failure: Failure | undefined;
  let lost = false;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) generation = reader.uint32();
    else if (field === 2) failure = readFailure(reader);
    else if (field === 3) lost = reader.bool();
    else reader.skip();
  }
  if (failure === undefined) throw new ProtocolError("a fault without a failure");
  return { kind: "fault", generation, failure, lost };
}
