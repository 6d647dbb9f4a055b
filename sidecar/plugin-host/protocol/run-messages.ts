import { FAILURE_CAUSES, type FailureCause } from "../../chain/verdict.ts";
import type { EntryResult, Failure, Ran, Run, RunEntry } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";

// The messages of every request: fields are written and read one by one, in the order of their numbers.

const NO_BODY = Buffer.alloc(0);

export function writeRun(writer: WireWriter, run: Run): void {
  writer.uint(1, run.id);
  writer.latin1(2, run.message);
  writer.latin1(3, run.edits);
  for (const entry of run.entries) writeRunEntry(writer, entry);
  writer.bool(5, run.background);
}

function writeRunEntry(writer: WireWriter, entry: RunEntry): void {
  const mark = writer.begin(4);
  writer.uint(1, entry.generation);
  writer.latin1(2, entry.tag);
  writer.bool(3, entry.stopOnFailure);
  writer.end(mark);
}

type RunBeingRead = { -readonly [K in keyof Run]: Run[K] } & { readonly entries: RunEntry[] };

export function readRun(reader: WireReader): Run {
  const run: RunBeingRead = {
    kind: "run",
    id: 0,
    message: "",
    edits: "",
    entries: [],
    background: false,
  };
  while (reader.more) readRunField(reader, run);
  return run;
}

function readRunField(reader: WireReader, run: RunBeingRead): void {
  switch (reader.field()) {
    case 1:
      run.id = reader.uint32();
      return;
    case 2:
      run.message = reader.latin1();
      return;
    case 3:
      run.edits = reader.latin1();
      return;
    case 4:
      run.entries.push(readRunEntry(reader));
      return;
    case 5:
      run.background = reader.bool();
      return;
    default:
      reader.skip();
  }
}

function readRunEntry(reader: WireReader): RunEntry {
  reader.item();
  const outer = reader.enter();
  let generation = 0;
  let tag = "";
  let stopOnFailure = false;
  while (reader.more) {
    switch (reader.field()) {
      case 1:
        generation = reader.uint32();
        break;
      case 2:
        tag = reader.latin1();
        break;
      case 3:
        stopOnFailure = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { generation, tag, stopOnFailure };
}

export function writeRan(writer: WireWriter, ran: Ran): void {
  writer.uint(1, ran.id);
  for (const result of ran.results) writeResult(writer, result);
}

function writeResult(writer: WireWriter, result: EntryResult): void {
  const mark = writer.begin(2);
  writer.uint(1, result.micros);
  writer.uint(2, result.httpCode);
  writer.latin1(3, result.edits);
  writer.bytes(4, result.body);
  writeFailure(writer, 5, result.failure);
  writer.uint(6, result.wallMicros);
  writer.end(mark);
}

export function readRan(reader: WireReader): Ran {
  let id = 0;
  const results: EntryResult[] = [];
  while (reader.more) {
    switch (reader.field()) {
      case 1:
        id = reader.uint32();
        break;
      case 2:
        results.push(readResult(reader));
        break;
      default:
        reader.skip();
    }
  }
  return { kind: "ran", id, results };
}

function readResult(reader: WireReader): EntryResult {
  reader.item();
  const outer = reader.enter();
  let micros = 0;
  let httpCode = 0;
  let edits = "";
  let body: Buffer = NO_BODY;
  let failure: Failure | undefined;
  let wallMicros = 0;
  while (reader.more) {
    switch (reader.field()) {
      case 1:
        micros = reader.uint32();
        break;
      case 2:
        httpCode = reader.uint32();
        break;
      case 3:
        edits = reader.latin1();
        break;
      case 4:
        body = reader.bytes();
        break;
      case 5:
        failure = readFailure(reader);
        break;
      case 6:
        wallMicros = reader.uint32();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { micros, httpCode, edits, body, failure, wallMicros };
}

export function writeFailure(writer: WireWriter, field: number, failure: Failure | undefined): void {
  if (failure === undefined) return;
  const mark = writer.begin(field);
  writer.utf8(1, failure.cause);
  writer.utf8(2, failure.detail);
  writer.end(mark);
}

export function readFailure(reader: WireReader): Failure {
  const outer = reader.enter();
  let cause = "";
  let detail = "";
  while (reader.more) {
    const field = reader.field();
    if (field === 1) cause = reader.utf8();
    else if (field === 2) detail = reader.utf8();
    else reader.skip();
  }
  reader.leave(outer);
  return { cause: knownCause(cause), detail };
}

function knownCause(cause: string): FailureCause {
  const known = FAILURE_CAUSES.find((each) => each === cause);
  if (known === undefined) throw new ProtocolError(`unknown failure cause '${cause.slice(0, 40)}'`);
  return known;
}
