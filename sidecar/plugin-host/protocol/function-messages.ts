import type { HeaderEdit } from "../../../core/headers/header-edits.ts";
import {
  PLUGIN_LOG_LEVELS,
  type FetchRequest,
  type FetchResponse,
  type KeyValueChanges,
  type KeyValueEntry,
  type LogLine,
  type LogLines,
} from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

// What plugins ask of the world around them: log, fetch, the key-value store.

const NO_BODY = Buffer.alloc(0);

export function writeLogLines(writer: WireWriter, log: LogLines): void {
  writer.uint(1, log.generation);
  for (const line of log.lines) {
    const mark = writer.begin(2);
    writer.utf8(1, line.level);
    writer.utf8(2, line.text);
    writer.end(mark);
  }
  writer.uint(3, log.dropped);
}

export function readLogLines(reader: WireReader): LogLines {
  let generation = 0;
  const lines: LogLine[] = [];
  let dropped = 0;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) generation = reader.uint32();
    else if (field === 2) lines.push(readLogLine(reader));
    else if (field === 3) dropped = reader.uint32();
    else reader.skip();
  }
  return { kind: "log", generation, lines, dropped };
}

function readLogLine(reader: WireReader): LogLine {
  reader.item();
  const outer = reader.enter();
  let name = "";
  let text = "";
  while (reader.more) {
    const field = reader.field();
    if (field === 1) name = reader.utf8();
    else if (field === 2) text = reader.utf8();
    else reader.skip();
  }
  reader.leave(outer);
  const level = PLUGIN_LOG_LEVELS.find((each) => each === name);
  if (level === undefined) throw new ProtocolError(`unknown log level '${name.slice(0, 40)}'`);
  return { level, text };
}

export function writeFetchRequest(writer: WireWriter, fetch: FetchRequest): void {
  writer.uint(1, fetch.id);
  writer.uint(2, fetch.generation);
  writer.utf8(3, fetch.method);
  writer.utf8(4, fetch.url);
  writeEdits(writer, 5, fetch.headers);
  writer.bytes(6, fetch.body);
  writer.uint(7, fetch.timeoutMs);
}

export function readFetchRequest(reader: WireReader): FetchRequest {
  const headers: HeaderEdit[] = [];
  let id = 0;
  let generation = 0;
  let method = "";
  let url = "";
  let body: Buffer = NO_BODY;
  let timeoutMs = 0;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) id = reader.uint32();
    else if (field === 2) generation = reader.uint32();
    else if (field === 3) method = reader.utf8();
    else if (field === 4) url = reader.utf8();
    else if (field === 5) headers.push(readEdit(reader));
    else if (field === 6) body = reader.bytes();
    else if (field === 7) timeoutMs = reader.uint32();
    else reader.skip();
  }
  return { kind: "fetch", id, generation, method, url, headers, body, timeoutMs };
}

export function writeFetchResponse(writer: WireWriter, response: FetchResponse): void {
  writer.uint(1, response.id);
  writer.uint(2, response.status);
  writeEdits(writer, 3, response.headers);
  writer.bytes(4, response.body);
  writer.utf8(5, response.error);
}

export function readFetchResponse(reader: WireReader): FetchResponse {
  const headers: HeaderEdit[] = [];
  let id = 0;
  let status = 0;
  let body: Buffer = NO_BODY;
  let error = "";
  while (reader.more) {
    const field = reader.field();
    if (field === 1) id = reader.uint32();
    else if (field === 2) status = reader.uint32();
    else if (field === 3) headers.push(readEdit(reader));
    else if (field === 4) body = reader.bytes();
    else if (field === 5) error = reader.utf8();
    else reader.skip();
  }
  return { kind: "fetched", id, status, headers, body, error };
}

export function writeKeyValueChanges(writer: WireWriter, changes: KeyValueChanges): void {
  writer.uint(1, changes.generation);
  writeKeyValueEntries(writer, 2, changes.set);
  for (const key of changes.deleted) writer.utf8Item(3, key);
}

export function readKeyValueChanges(reader: WireReader): KeyValueChanges {
  let generation = 0;
  const set: KeyValueEntry[] = [];
  const deleted: string[] = [];
  while (reader.more) {
    const field = reader.field();
    if (field === 1) generation = reader.uint32();
    else if (field === 2) set.push(readKeyValueEntry(reader));
    else if (field === 3) {
      reader.item();
      deleted.push(reader.utf8());
    } else reader.skip();
  }
  return { kind: "keyValue", generation, set, deleted };
}

export function writeKeyValueEntries(
  writer: WireWriter,
  field: number,
  entries: readonly KeyValueEntry[],
): void {
  for (const entry of entries) {
    const mark = writer.begin(field);
    writer.utf8(1, entry.key);
    writer.utf8(2, entry.value);
    writer.uint(3, entry.expiresAt);
    writer.end(mark);
  }
}

export function readKeyValueEntry(reader: WireReader): KeyValueEntry {
  reader.item();
  const outer = reader.enter();
  let key = "";
  let value = "";
  let expiresAt = 0;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) key = reader.utf8();
    else if (field === 2) value = reader.utf8();
    else if (field === 3) expiresAt = reader.uint64();
    else reader.skip();
  }
  reader.leave(outer);
  return { key, value, expiresAt };
}

function writeEdits(writer: WireWriter, field: number, edits: readonly HeaderEdit[]): void {
  for (const edit of edits) {
    const mark = writer.begin(field);
    writer.latin1(1, edit.name);
    for (const value of edit.values) writer.latin1Item(2, value);
    writer.end(mark);
  }
}

function readEdit(reader: WireReader): HeaderEdit {
  reader.item();
  const outer = reader.enter();
  let name = "";
  const values: string[] = [];
  while (reader.more) {
    switch (reader.field()) {
      case 1:
        name = reader.latin1();
        break;
      case 2:
        reader.item();
        values.push(reader.latin1());
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { name, values };
}
