import { IDLE_TIMERS, type Cancel, type Hello, type IdleTimers, type Ping, type Pong } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

export function writeHello(writer: WireWriter, hello: Hello): void {
  writer.utf8(1, hello.nodeVersion);
  writer.uint(2, hello.pid);
}

export function readHello(reader: WireReader): Hello {
  let nodeVersion = "";
  let pid = 0;
  while (reader.more) {
    const field = reader.field();
    if (field === 1) nodeVersion = reader.utf8();
    else if (field === 2) pid = reader.uint32();
    else reader.skip();
  }
  return { kind: "hello", nodeVersion, pid };
}

export function writeCancel(writer: WireWriter, cancel: Cancel): void {
  writer.uint(1, cancel.id);
}

export function readCancel(reader: WireReader): Cancel {
  return { kind: "cancel", id: readOneNumber(reader) };
}

export function writePing(writer: WireWriter, ping: Ping): void {
  writer.uint(1, ping.sequence);
  writer.utf8(2, ping.timers);
}

export function readPing(reader: WireReader): Ping {
  let sequence = 0;
  let timers: IdleTimers = "due";
  while (reader.more) {
    const field = reader.field();
    if (field === 1) sequence = reader.uint32();
    else if (field === 2) timers = idleTimersNamed(reader.utf8());
    else reader.skip();
  }
  return { kind: "ping", sequence, timers };
}

function idleTimersNamed(name: string): IdleTimers {
  const timers = IDLE_TIMERS.find((each) => each === name);
  if (timers === undefined) throw new ProtocolError(`unknown rule for timers '${name.slice(0, 40)}'`);
  return timers;
}

export function writePong(writer: WireWriter, pong: Pong): void {
  writer.uint(1, pong.sequence);
}

export function readPong(reader: WireReader): Pong {
  return { kind: "pong", sequence: readOneNumber(reader) };
}

function readOneNumber(reader: WireReader): number {
  let value = 0;
  while (reader.more) {
    if (reader.field() === 1) value = reader.uint32();
    else reader.skip();
  }
  return value;
}
