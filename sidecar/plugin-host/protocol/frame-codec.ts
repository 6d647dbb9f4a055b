import {
  readFetchRequest,
  readFetchResponse,
  readKeyValueChanges,
  readLogLines,
  writeFetchRequest,
  writeFetchResponse,
  writeKeyValueChanges,
  writeLogLines,
} from "./function-messages.ts";
import {
  readFault,
  readLoad,
  readOutcome,
  readUnload,
  writeFault,
  writeLoad,
  writeOutcome,
  writeUnload,
} from "./generation-messages.ts";
import {
  readCancel,
  readHello,
  readPing,
  readPong,
  writeCancel,
  writeHello,
  writePing,
  writePong,
} from "./liveness-messages.ts";
import type { HostFrame } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { readRan, readRun, writeRan, writeRun } from "./run-messages.ts";
import { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Field numbers of HostFrame's oneof. */
const FIELD = {
  hello: 1,
  load: 2,
  loaded: 3,
  unload: 4,
  unloaded: 5,
  run: 6,
  ran: 7,
  cancel: 8,
  ping: 9,
  pong: 10,
  log: 11,
  fetch: 12,
  fetched: 13,
  keyValue: 14,
  fault: 15,
} as const satisfies Record<HostFrame["kind"], number>;

/** Appends one frame: its length as four bytes, little-endian, then the HostFrame. */
export function encodeFrame(writer: WireWriter, frame: HostFrame): void {
  const start = writer.beginFrame();
  const message = writer.begin(FIELD[frame.kind]);
  writeMessage(writer, frame);
  writer.end(message);
  writer.endFrame(start);
}

function writeMessage(writer: WireWriter, frame: HostFrame): void {
  switch (frame.kind) {
    case "run":
      return writeRun(writer, frame);
    case "ran":
      return writeRan(writer, frame);
    case "cancel":
      return writeCancel(writer, frame);
    case "ping":
      return writePing(writer, frame);
    case "pong":
      return writePong(writer, frame);
    case "log":
      return writeLogLines(writer, frame);
    case "fetch":
      return writeFetchRequest(writer, frame);
    case "fetched":
      return writeFetchResponse(writer, frame);
    case "keyValue":
      return writeKeyValueChanges(writer, frame);
    case "fault":
      return writeFault(writer, frame);
    case "hello":
      return writeHello(writer, frame);
    case "load":
      return writeLoad(writer, frame);
    case "loaded":
    case "unloaded":
      return writeOutcome(writer, frame);
    case "unload":
      return writeUnload(writer, frame);
  }
}

/** Shared: decoding is synchronous and does not nest. */
const reader = new WireReader();

/**
 * Reads the HostFrame in the bytes [from, to), which are without the length before them. Nothing of the buffer is
 * kept. Throws a `ProtocolError` for anything that is not exactly one message that this end knows.
 */
export function decodeFrame(buffer: Buffer, from = 0, to = buffer.length): HostFrame {
  reader.reset(buffer, from, to);
  try {
    return readMessage();
  } finally {
    reader.release();
  }
}

function readMessage(): HostFrame {
  const field = reader.field();
  const outer = reader.enter();
  const frame = readField(field);
  reader.leave(outer);
  if (reader.more) throw new ProtocolError("a frame holds more than one message");
  return frame;
}

function readField(field: number): HostFrame {
  switch (field) {
    case FIELD.run:
      return readRun(reader);
    case FIELD.ran:
      return readRan(reader);
    case FIELD.cancel:
      return readCancel(reader);
    case FIELD.ping:
      return readPing(reader);
    case FIELD.pong:
      return readPong(reader);
    case FIELD.log:
      return readLogLines(reader);
    case FIELD.fetch:
      return readFetchRequest(reader);
    case FIELD.fetched:
      return readFetchResponse(reader);
    case FIELD.keyValue:
      return readKeyValueChanges(reader);
    case FIELD.fault:
      return readFault(reader);
    case FIELD.hello:
      return readHello(reader);
    case FIELD.load:
      return readLoad(reader);
    case FIELD.loaded:
      return readOutcome(reader, "loaded");
    case FIELD.unload:
      return readUnload(reader);
    case FIELD.unloaded:
      return readOutcome(reader, "unloaded");
    default:
      throw new ProtocolError(`unknown message ${field}`);
  }
}
