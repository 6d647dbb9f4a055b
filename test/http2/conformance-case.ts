import { constants } from "node:http2";

import { FLAG, FRAME, frame, headers, type Field } from "../support/http2-frames.ts";
import type { Http2Peer, ReceivedFrame } from "../support/http2-peer.ts";

/**
 * `answered`: stream 1 (or the `stream` of the case) got its answer and the connection goes on. `CONNECTION x`: GOAWAY
 * with that code, and the connection closes. `STREAM x`: RST_STREAM with that code, and the connection goes on.
 * `ignored`: nothing came of it, and the next request is answered. `closed`: cut without a word.
 */
export type Outcome = "answered" | "ignored" | "closed" | `CONNECTION ${string}` | `STREAM ${string}`;

/**
 * What is sent; `answer`: wait until the answer on stream 1 is whole; `settled`: until each side knows the other's
 * SETTINGS.
 */
export type Step = Buffer | "answer" | "settled";

/** One thing that a peer may do, and the answers to it that RFC 9113 or RFC 7541 allow. */
export interface ConformanceCase {
  readonly name: string;
  /** Behind the preface and SETTINGS. */
  readonly sends: readonly Step[];
  readonly expects: readonly Outcome[];
  /** The stream that is looked at; default 1. */
  readonly stream?: number;
}

/** Where cases come from the text of a standard. */
export interface ConformanceSection {
  readonly section: string;
  readonly cases: readonly ConformanceCase[];
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants)
    .filter(([name]) => /^NGHTTP2_(?:NO_ERROR|CANCEL|\w+_(?:ERROR|TIMEOUT|CLOSED|STREAM|CALM))$/.test(name))
    .filter(([, value]) => typeof value === "number" && value >= 0 && value <= 13)
    .map(([name, value]) => [value as number, name.replace("NGHTTP2_", "")]),
);

export const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

export const POST: readonly Field[] = GET.map(([name, value]) => [name, name === ":method" ? "POST" : value]);

export const END = FLAG.endHeaders | FLAG.endStream;

/** A request that is whole. */
export function get(stream = 1): Buffer {
  return headers(stream, GET, END);
}

/** A request whose body is still to come. */
export function post(stream = 1, ...fields: readonly Field[]): Buffer {
  return headers(stream, [...POST, ...fields], FLAG.endHeaders);
}

/** Plays a case to its end. */
export async function play(
  peer: Http2Peer,
  { sends, expects, stream = 1 }: ConformanceCase,
): Promise<Outcome> {
  for (const step of together(sends)) {
    if (step === "settled") await settle(peer);
    else if (step === "answer") await answered(peer);
    else peer.send(step);
  }
  const next = stream + 1000;
  const mayIgnore = expects.includes("ignored");
  if (mayIgnore) peer.send(get(next));
  const outcome = await firstOutcome(peer, stream, mayIgnore ? next : undefined);
  if (outcome.startsWith("CONNECTION ")) await peer.untilClosed();
  else if (outcome !== "closed") await stillServed(peer, next);
  return outcome;
}

/** Bytes between two waits leave in one write: what a closing connection has not read would cost us its GOAWAY. */
function together(sends: readonly Step[]): readonly Step[] {
  return sends.reduce<readonly Step[]>((steps, step) => {
    const last = steps.at(-1);
    if (!Buffer.isBuffer(last) || !Buffer.isBuffer(step)) return [...steps, step];
    return [...steps.slice(0, -1), Buffer.concat([last, step])];
  }, []);
}

async function settle(peer: Http2Peer): Promise<void> {
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === 0);
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);
}

/** Waits for the answer on stream 1, and forgets it: what comes of the next step is asked for. */
async function answered(peer: Http2Peer): Promise<void> {
  await peer.frame((each) => endsAnswer(each, 1));
  peer.received.length = 0;
}

async function firstOutcome(peer: Http2Peer, stream: number, next: number | undefined): Promise<Outcome> {
  const tells = (each: ReceivedFrame): boolean =>
    each.type === FRAME.goaway ||
    (each.type === FRAME.resetStream && each.stream === stream) ||
    endsAnswer(each, stream) ||
    (next !== undefined && endsAnswer(each, next));
  try {
    const { type, payload, stream: on } = await peer.frame(tells);
    if (type === FRAME.goaway) return `CONNECTION ${codeName(payload.readUInt32BE(4))}`;
    if (type === FRAME.resetStream) return `STREAM ${codeName(payload.readUInt32BE(0))}`;
    return on === next ? "ignored" : "answered";
  } catch {
    return "closed";
  }
}

/** Another request on the same connection is answered. */
async function stillServed(peer: Http2Peer, next: number): Promise<void> {
  const sent = peer.received.some((each) => endsAnswer(each, next));
  if (!sent) peer.send(get(next));
  await peer.frame((each) => endsAnswer(each, next));
}

function endsAnswer({ type, flags, stream: on }: ReceivedFrame, stream: number): boolean {
  const ends = (flags & FLAG.endStream) !== 0;
  return on === stream && ends && (type === FRAME.headers || type === FRAME.data);
}

function codeName(code: number): string {
  return NAMES.get(code) ?? String(code);
}

/** A frame whose payload is `length` zeros. */
export function zeros(type: number, flags: number, stream: number, length: number): Buffer {
  return frame(type, flags, stream, Buffer.alloc(length));
}
