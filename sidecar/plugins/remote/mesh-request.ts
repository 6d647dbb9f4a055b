import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { HeaderEdits } from "../../../core/headers/header-edits.ts";
import type { MeshMessage } from "../../chain/runner.ts";
import { WireWriter } from "../../plugin-host/protocol/wire-writer.ts";

/** One question as plugin.proto's MeshRequest. */
export interface PluginQuestion {
  readonly message: MeshMessage;
  /** What plugins before this one changed. */
  readonly edits: HeaderEdits;
  readonly tag: string;
  /** Milliseconds. */
  readonly timeout: number;
}

interface HeaderEntry {
  readonly key: string;
  values: readonly string[];
}

/**
 * Encodes questions and cancellations. Written by hand since the reflection of proto-loader would make an object for
 * each header of each question first (measured with 12 headers on a busy machine: 1.5 to 2.6 times the time).
 */
export class QuestionEncoder {
  readonly #writer = new WireWriter();

  /** A MeshRequest, for Execute. */
  request(question: PluginQuestion): Buffer {
    writeRequest(this.#writer, question);
    return this.#writer.take();
  }

  /** An ObserveUp that asks. */
  observe(question: PluginQuestion): Buffer {
    const mark = this.#writer.begin(1);
    writeRequest(this.#writer, question);
    this.#writer.end(mark);
    return this.#writer.take();
  }

  /** An ObserveUp that takes the question back. */
  cancel(id: number, position: number): Buffer {
    const mark = this.#writer.begin(2);
    this.#writer.uint(1, id);
    this.#writer.uint(2, position);
    this.#writer.end(mark);
    return this.#writer.take();
  }
}

function writeRequest(writer: WireWriter, { message, edits, tag, timeout }: PluginQuestion): void {
  writer.uint(1, message.id);
  writer.utf8(2, tag);
  writer.uint(3, message.position);
  for (const { key, values } of shownHeaders(message.headers, edits).values())
    writeHeader(writer, key, values);
  writeFacts(writer, message);
  writer.uint(5, message.bizStartAt);
  writer.uint(6, Math.max(1, Math.round(timeout)));
  writer.uint(7, 1);
}

/** One entry for each name, by lower-case name, in order of arrival, as the plugins before left them. */
function shownHeaders(headers: HeaderBlock, edits: HeaderEdits): Map<string, HeaderEntry> {
  const entries = new Map<string, HeaderEntry>();
  for (let index = 0; index < headers.size; index++) {
    const key = headers.name(index);
    const value = headers.value(index);
    const lower = key.toLowerCase();
    const entry = entries.get(lower);
    if (entry === undefined) entries.set(lower, { key, values: [value] });
    else entry.values = [...entry.values, value];
  }
  for (const { name, values } of edits) {
    const lower = name.toLowerCase();
    const entry = entries.get(lower);
    if (values.length === 0) entries.delete(lower);
    else if (entry === undefined) entries.set(lower, { key: name, values });
    else entry.values = values;
  }
  return entries;
}

/** What the sidecar adds for plugins; nobody else can have written these names. */
function writeFacts(writer: WireWriter, message: MeshMessage): void {
  writeHeader(writer, "X-Mesh-Method", [message.method]);
  writeHeader(writer, "X-Mesh-Host", [message.host]);
  writeHeader(writer, "X-Mesh-Remote-Ip", [message.remoteIp]);
  writeHeader(writer, "X-Mesh-Querystring", [message.query]);
  writeHeader(writer, "X-Mesh-Path", [message.path]);
  if (message.position === 1) writeHeader(writer, "X-Mesh-Status", [`${message.status}`]);
}

function writeHeader(writer: WireWriter, key: string, values: readonly string[]): void {
  const mark = writer.begin(4);
  writer.latin1Item(1, key);
  for (const value of values) writer.latin1Item(2, value);
  writer.end(mark);
}
