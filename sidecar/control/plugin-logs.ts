import { appendFile, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import type { Clock, Timer } from "../../core/clock.ts";
import { formatSize } from "../../core/size.ts";
import { after as partAfter, logFiles, tailOf, type LogEntry, type LogPart } from "./log-file.ts";
import { fileIdentity, IDENTITY_BYTES, parsePosition, positionText } from "./log-position.ts";

/** Bytes of one file; each plugin has two, of which the older is dropped when the newer is full. */
const MAX_FILE = 1024 * 1024;
/** Plugins whose log is kept. */
const MAX_PLUGINS = 100;
/** ms for which lines are gathered before they are written, and bytes that may wait. */
const GATHER = 200;
const MAX_GATHERED = 256 * 1024;
/** As the log has it. */
const WARN = 40;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Gets the lines of a plugin once they are written; those that were dropped before them are one that says so. */
export type LogListener = (entries: readonly LogEntry[]) => void;

/** Why a line of a plugin is not in its log: it wrote too much at once, the disk failed, too many plugins have one. */
export type DroppedLines = Readonly<Record<"rate" | "disk" | "plugins", number>>;

/** From where a log is read. */
export interface LogStart {
  /** The position after which it is; empty: as many whole lines of its end as fit into `tailBytes`. */
  readonly after: string;
  readonly tailBytes: number;
}

interface PluginFile {
  readonly path: string;
  lines: string[];
  gathered: number;
  dropped: number;
  /** Where the next line goes; undefined: to be looked up. */
  end: { readonly file: string; readonly size: number } | undefined;
}

/**
 * The last of what each plugin logged on this node, on disk, so that it can be read from afar. Takes all lines of the
 * sidecar's log and keeps those that are about a plugin: two files of a MiB each, one after the other.
 */
export class PluginLogs implements AsyncDisposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #files = new Map<string, PluginFile>();
  readonly #listeners = new Map<string, Set<LogListener>>();
  readonly #dropped = { rate: 0, disk: 0, plugins: 0 };
  #flush: Timer | undefined;
  /** What touches the files goes one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Since the start, of all plugins. */
  get dropped(): DroppedLines {
    return this.#dropped;
  }

  /** Lines of JSON, each with its end. */
  write(lines: string): void {
    // Most lines are not about a plugin, and this is on the way of all of them.
    if (!lines.includes('"plugin":"')) return;
    for (const line of lines.split("\n")) {
      const plugin = line.includes('"plugin":"') ? pluginOf(line) : undefined;
      if (plugin !== undefined) this.#take(plugin, line);
    }
  }

  /** What is there. Undefined: the plugin never logged anything, and none of its positions was given. */
  read(plugin: string, start: LogStart): Promise<LogPart | undefined> {
    return this.#inTurn(() => this.#read(plugin, start));
  }

  /**
   * The same, and the listener hears what comes after it until `following` is disposed of: no line is missing between
   * the two, and none is there twice.
   */
  follow(
    plugin: string,
    start: LogStart,
    listener: LogListener,
  ): Promise<{ readonly part: LogPart | undefined; readonly following: Disposable }> {
    return this.#inTurn(async () => {
      const part = await this.#read(plugin, start);
      return { part, following: this.#listen(plugin, listener) };
    });
  }

  /** Everything about the plugin was removed from this node. */
  forget(plugin: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writeAll();
      this.#files.delete(plugin);
      const path = this.#pathOf(plugin);
      await Promise.all([rm(path, { force: true }), rm(`${path}.1`, { force: true })]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush?.[Symbol.dispose]();
    await this.#inTurn(() => this.#writeAll());
  }

  #take(plugin: string, line: string): void {
    let file = this.#files.get(plugin);
    if (file === undefined) {
      if (this.#files.size >= MAX_PLUGINS) {
        this.#dropped.plugins++;
        return this.#tell(plugin, [{ line, position: "" }]);
      }
      file = { path: this.#pathOf(plugin), lines: [], gathered: 0, dropped: 0, end: undefined };
      this.#files.set(plugin, file);
    }
    if (file.gathered + line.length > MAX_GATHERED) {
      file.dropped++;
      this.#dropped.rate++;
      return;
    }
    file.lines.push(line);
    file.gathered += line.length;
    this.#flush ??= this.#clock.after(GATHER, () => void this.#inTurn(() => this.#writeAll())).unref();
  }

  async #read(plugin: string, { after, tailBytes }: LogStart): Promise<LogPart | undefined> {
    await this.#writeAll();
    const files = await logFiles(this.#pathOf(plugin));
    const position = parsePosition(after);
    if (position !== undefined) return partAfter(files, position);
    return files.length === 0 ? undefined : tailOf(files, tailBytes);
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Writes all that was taken; a disk that fails costs lines, and nothing else. */
  async #writeAll(): Promise<void> {
    this.#flush?.[Symbol.dispose]();
    this.#flush = undefined;
    for (const [plugin, file] of this.#files) if (file.lines.length > 0) await this.#writeOne(plugin, file);
  }

  async #writeOne(plugin: string, file: PluginFile): Promise<void> {
    const { lines, dropped } = file;
    file.lines = [];
    file.gathered = 0;
    file.dropped = 0;
    const entries = await this.#appended(
      file,
      dropped === 0 ? lines : [...lines, this.#note(plugin, dropped)],
    );
    this.#tell(plugin, entries);
  }

  /** The gap as a line in the sidecar's own form, for whoever reads the log later. */
  #note(plugin: string, dropped: number): string {
    const msg = `log lines of a plugin were dropped: it wrote more than ${formatSize(MAX_GATHERED)} within ${GATHER} ms`;
    return JSON.stringify({
      level: WARN,
      time: new Date(this.#clock.wall()).toISOString(),
      plugin,
      dropped,
      msg,
    });
  }

  /** The lines with their positions, which are empty where the disk did not take them. */
  async #appended(log: PluginFile, lines: readonly string[]): Promise<readonly LogEntry[]> {
    const text = `${lines.join("\n")}\n`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      log.end ??= await endOfFile(log.path);
      if (log.end !== undefined && log.end.size + text.length > MAX_FILE) {
        await rename(log.path, `${log.path}.1`);
        log.end = undefined;
      }
      const { file, size } = log.end ?? { file: fileIdentity(Buffer.from(text)), size: 0 };
      await appendFile(log.path, text, { mode: 0o600 });
      log.end = { file, size: size + Buffer.byteLength(text) };
      let offset = size;
      return lines.map((line) => {
        offset += Buffer.byteLength(line) + 1;
        return { line, position: positionText({ file, offset }) };
      });
    } catch {
      log.end = undefined;
      this.#dropped.disk += lines.length;
      return lines.map((line) => ({ line, position: "" }));
    }
  }

  #tell(plugin: string, entries: readonly LogEntry[]): void {
    for (const listener of this.#listeners.get(plugin) ?? []) listener(entries);
  }

  #listen(plugin: string, listener: LogListener): Disposable {
    const listeners = this.#listeners.get(plugin) ?? new Set();
    this.#listeners.set(plugin, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#listeners.delete(plugin);
      },
    };
  }

  #pathOf(plugin: string): string {
    return join(this.#folder, `${plugin}.log`);
  }
}

/** What a line is about: a field of its own, not one of what it tells about. */
function pluginOf(line: string): string | undefined {
  try {
    const { plugin } = JSON.parse(line) as { readonly plugin?: unknown };
    return typeof plugin === "string" && NAME.test(plugin) ? plugin : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: there is no such file, or it is empty. */
async function endOfFile(path: string): Promise<PluginFile["end"]> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch {
    return undefined;
  }
  await using _open = file;
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(IDENTITY_BYTES), 0, IDENTITY_BYTES, 0);
  return size === 0 ? undefined : { file: fileIdentity(buffer.subarray(0, bytesRead)), size };
}
