import type { HeaderBlock } from "../core/headers/header-block.ts";
import type { PluginRecord } from "./chain/chain.ts";
import { POSITION_NAMES } from "./chain/verdict.ts";

/** Of a request. */
export interface LoggedHead {
  readonly protocol: string;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly headers: HeaderBlock;
}

/** What the access log reads of an exchange that is over. */
export interface LoggedExchange {
  readonly id: number;
  readonly listener: string;
  readonly head: LoggedHead;
  readonly remoteIp: string;
  /** 0: cut before any answer. */
  readonly status: number;
  readonly error: string | undefined;
  /** What exactly went wrong on the wire; may hold what a peer wrote. */
  readonly reason?: string | undefined;
  readonly blockedBy: string | undefined;
  /** Both in ms. */
  readonly duration: number;
  readonly upstreamDuration: number | undefined;
  readonly upstream: string | undefined;
  /** Body bytes from and to the client; undefined where nobody counted. */
  readonly received?: number | undefined;
  readonly sent?: number | undefined;
  readonly plugins: readonly PluginRecord[];
  /** Names of request fields that did not go on. */
  readonly dropped: readonly string[];
}

/** What it reads of a message that was refused before there was an exchange. */
export interface LoggedRefusal {
  readonly id: number;
  readonly listener: string;
  readonly protocol: string;
  /** Undefined where it could not be read. */
  readonly head: LoggedHead | undefined;
  readonly remoteIp: string;
  /** 0: cut without an answer. */
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string };
}

/** Characters. */
const LONGEST_REASON = 256;

/** Where lines go: the same output as the log's, so that they stand among its lines. */
export interface LineOutput {
  /** Takes a line that may leave a moment later, with others. */
  collect(line: string): void;
}

export interface AccessLogOptions {
  readonly output: LineOutput;
  /** Share of the exchanges that get a line, 0 to 1; what was blocked, refused or failed always does. */
  readonly sample: number;
  /** Number of the process where several carry the traffic; a field of each line. */
  readonly worker?: number | undefined;
  /** Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * One line for each exchange, in the form of the log's other lines but written by hand: that takes a third of the
 * time, and this is on the path of every request. docs/operating.md names the fields. The query is left out: it is
 * where secrets travel. Whoever wants no access log makes none.
 */
export class AccessLog {
  readonly #output: LineOutput;
  readonly #sample: number;
  /** The part that is the same in all lines. */
  readonly #same: string;
  readonly #random: () => number;

  constructor({ output, sample, worker, random = Math.random }: AccessLogOptions) {
    this.#output = output;
    this.#sample = sample;
    this.#same = `"${number("worker", worker)},"msg":"exchange","id":`;
    this.#random = random;
  }

  finished(exchange: LoggedExchange): void {
    if (this.#isWanted(exchange)) this.#output.collect(lineOf(exchange, this.#same));
  }

  /** Always: whoever sends such a thing is looked for. */
  refused(message: LoggedRefusal): void {
    this.#output.collect(lineOfRefusal(message, this.#same));
  }

  #isWanted({ status, error, blockedBy }: LoggedExchange): boolean {
    if (this.#sample >= 1 || error !== undefined || blockedBy !== undefined) return true;
    return status === 0 || status >= 500 || this.#random() < this.#sample;
  }
}

function lineOf(exchange: LoggedExchange, same: string): string {
  const { head, upstreamDuration } = exchange;
  return (
    beginningOf(exchange, same) +
    requestOf(head) +
    text("remoteIp", exchange.remoteIp) +
    `,"status":${exchange.status}` +
    text("error", exchange.error) +
    reasonOf(exchange.reason) +
    text("blockedBy", exchange.blockedBy) +
    number("received", exchange.received) +
    number("sent", exchange.sent) +
    number("millis", round(exchange.duration)) +
    text("upstream", exchange.upstream) +
    number("upstreamMillis", upstreamDuration === undefined ? undefined : round(upstreamDuration)) +
    pluginsOf(exchange.plugins) +
    droppedOf(exchange.dropped) +
    "}\n"
  );
}

function lineOfRefusal(message: LoggedRefusal, same: string): string {
  const { head, protocol, error } = message;
  return (
    beginningOf(message, same) +
    (head === undefined ? `,"protocol":"${protocol}"` : requestOf(head)) +
    text("remoteIp", message.remoteIp) +
    `,"status":${message.status}` +
    text("error", error.code) +
    reasonOf(error.message) +
    "}\n"
  );
}

function beginningOf({ id, listener }: Pick<LoggedExchange, "id" | "listener">, same: string): string {
  return `{"level":30,"time":"${new Date().toISOString()}${same}${id},"listener":"${listener}"`;
}

function requestOf(head: LoggedHead): string {
  return (
    text("requestId", head.headers.get("x-request-id")) +
    text("traceparent", head.headers.get("traceparent")) +
    `,"protocol":"${head.protocol}"` +
    text("method", head.method) +
    text("host", head.authority) +
    text("path", pathOf(head.target))
  );
}

/** It may quote what a peer wrote. */
function reasonOf(reason: string | undefined): string {
  return text("reason", reason?.slice(0, LONGEST_REASON));
}

function pluginsOf(records: readonly PluginRecord[]): string {
  if (records.length === 0) return "";
  let list = "";
  for (const record of records) list += `${list === "" ? "" : ","}${pluginOf(record)}`;
  return `,"plugins":[${list}]`;
}

function pluginOf({ target, position, verdict, policy, micros }: PluginRecord): string {
  const failed = verdict.kind === "failed";
  return (
    `{"position":"${POSITION_NAMES[position]}"` +
    text("name", target.plugin) +
    text("version", target.version) +
    `,"verdict":"${verdict.kind}","micros":${Math.round(micros)}` +
    text("cause", failed ? verdict.cause : undefined) +
    text("detail", failed ? verdict.detail : undefined) +
    text("policy", policy) +
    "}"
  );
}

/** Clients choose them: a few tell what is going on. */
function droppedOf(names: readonly string[]): string {
  return names.length === 0
    ? ""
    : `,"dropped":${JSON.stringify(names.slice(0, 8).map((name) => name.slice(0, 64)))}`;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":${JSON.stringify(value)}`;
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? "" : `,"${name}":${value}`;
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/** Microseconds are as fine as a line needs to be. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
