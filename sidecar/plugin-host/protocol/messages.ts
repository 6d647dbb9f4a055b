import type { HeaderEdit } from "../../../core/headers/header-edits.ts";
import type { FailureCause } from "../../chain/verdict.ts";

/**
 * The messages of proto/mesh/v1/host.proto, which says what each field means and how the conversation goes. Header
 * bytes are latin1 strings here: each char is one byte.
 */
export type HostFrame = ToHost | FromHost;

/** What the sidecar says. */
export type ToHost = Load | Unload | Run | Cancel | Ping | FetchResponse | KeyValueChanges;

/** What the plugin host says. */
export type FromHost =
  | Hello
  | Loaded
  | Unloaded
  | Ran
  | Pong
  | LogLines
  | FetchRequest
  | KeyValueChanges
  | Fault;

/** The kinds of each direction; the compiler sees to it that none is missing. */
export const TO_HOST_KINDS = kindsOf<ToHost["kind"]>({
  load: true,
  unload: true,
  run: true,
  cancel: true,
  ping: true,
  fetched: true,
  keyValue: true,
});

export const FROM_HOST_KINDS = kindsOf<FromHost["kind"]>({
  hello: true,
  loaded: true,
  unloaded: true,
  ran: true,
  pong: true,
  log: true,
  fetch: true,
  keyValue: true,
  fault: true,
});

function kindsOf<Kind extends string>(kinds: Readonly<Record<Kind, true>>): readonly Kind[] {
  return Object.keys(kinds) as Kind[];
}

export interface Hello {
  readonly kind: "hello";
  readonly nodeVersion: string;
  readonly pid: number;
}

export interface Load {
  readonly kind: "load";
  readonly generation: number;
  readonly plugin: string;
  readonly version: string;
  readonly source: string;
  readonly configJson: string;
  readonly cpuMicros: number;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly hookTimeoutMs: number;
  readonly keyValue: boolean;
  readonly entries: readonly KeyValueEntry[];
  readonly keyValueBytes: number;
  readonly keyValueKeys: number;
  readonly fetch: readonly string[];
  readonly positions: readonly number[];
  readonly tag: string;
  /** Compiled and evaluated, and that is all: no `init`, no smoke call, and it is never to be asked. */
  readonly compileOnly: boolean;
}

export interface Loaded {
  readonly kind: "loaded";
  readonly generation: number;
  readonly error: Failure | undefined;
}

export interface Failure {
  readonly cause: FailureCause;
  readonly detail: string;
}

export interface Unload {
  readonly kind: "unload";
  readonly generation: number;
  /** Dispose of the isolate at once, without `destroy`. */
  readonly abandon: boolean;
}

export interface Unloaded {
  readonly kind: "unloaded";
  readonly generation: number;
  readonly error: Failure | undefined;
}

export interface Run {
  readonly kind: "run";
  readonly id: number;
  /** As `messageText` makes it. */
  readonly message: string;
  /** Made before, as `editsText` makes it. */
  readonly edits: string;
  readonly entries: readonly RunEntry[];
  readonly background: boolean;
}

export interface RunEntry {
  readonly generation: number;
  readonly tag: string;
  readonly stopOnFailure: boolean;
}

export interface Ran {
  readonly kind: "ran";
  readonly id: number;
  readonly results: readonly EntryResult[];
}

export interface EntryResult {
  readonly micros: number;
  readonly httpCode: number;
  /** As `editsText` makes it. */
  readonly edits: string;
  readonly body: Buffer;
  readonly failure: Failure | undefined;
  readonly wallMicros: number;
}

export interface Cancel {
  readonly kind: "cancel";
  readonly id: number;
}

export interface Ping {
  readonly kind: "ping";
  readonly sequence: number;
  readonly timers: IdleTimers;
}

/**
 * When timers fire that no question waits for, until a Ping says otherwise: when they are due, in the active host;
 * late, in a standby; held, in a standby whose active host owes an answer, which may be the fault of such a timer.
 */
export const IDLE_TIMERS = ["due", "late", "held"] as const;
export type IdleTimers = (typeof IDLE_TIMERS)[number];

export interface Pong {
  readonly kind: "pong";
  readonly sequence: number;
}

export interface LogLines {
  readonly kind: "log";
  readonly generation: number;
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

export const PLUGIN_LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type PluginLogLevel = (typeof PLUGIN_LOG_LEVELS)[number];

export interface LogLine {
  readonly level: PluginLogLevel;
  readonly text: string;
}

export interface FetchRequest {
  readonly kind: "fetch";
  readonly id: number;
  readonly generation: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderEdit[];
  readonly body: Buffer;
  readonly timeoutMs: number;
}

export interface FetchResponse {
  readonly kind: "fetched";
  readonly id: number;
  readonly status: number;
  readonly headers: readonly HeaderEdit[];
  readonly body: Buffer;
  /** Empty: it went well. */
  readonly error: string;
}

export interface KeyValueEntry {
  readonly key: string;
  readonly value: string;
  readonly expiresAt: number;
}

export interface KeyValueChanges {
  readonly kind: "keyValue";
  readonly generation: number;
  readonly set: readonly KeyValueEntry[];
  readonly deleted: readonly string[];
}

export interface Fault {
  readonly kind: "fault";
  readonly generation: number;
  readonly failure: Failure;
  /** The isolate is gone. */
  readonly lost: boolean;
}
