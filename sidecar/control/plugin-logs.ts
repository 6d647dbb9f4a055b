import { appendFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Clock, Timer } from "../../core/clock.ts";

/** Bytes of one file; each plugin has two, of which the older is dropped when the newer is full. */
const MAX_FILE = 1024 * 1024;
/** Plugins whose log is kept. */
const MAX_PLUGINS = 100;
/** ms for which lines are gathered before they are written, and bytes that may wait. */
const GATHER = 200;
const MAX_GATHERED = 256 * 1024;
const NEWLINE = 0x0a;
const NAME = /"plugin":"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"/;

/** Gets the lines of a plugin as they are written. */
export type LineListener = (line: string) => void;

interface PluginFile {
  readonly path: string;
  lines: string[];
  gathered: number;
  size: number;
}

/**
 * The last of what each plugin logged on this node, on disk, so that it can be read from afar. Takes all lines of the
 * sidecar's log and keeps those that are about a plugin: two files of a MiB each, one after the other.
 */
export class PluginLogs implements AsyncDisposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #files = new Map<string, PluginFile>();
  readonly #listeners = new Map<string, Set<LineListener>>();
  #flush: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Lines of JSON, each with its end. */
  write(lines: string): void {
    // Most lines are not about a plugin, and this is on the way of all of them.
    if (!lines.includes('"plugin":"')) return;
    for (const line of lines.split("\n")) {
      const plugin = NAME.exec(line)?.[1];
      if (plugin !== undefined) this.#take(plugin, line);
    }
  }

  /** The last of the lines that are there, at most so many bytes; undefined: the plugin never logged anything. */
  async tail(plugin: string, bytes: number): Promise<readonly string[] | undefined> {
    await this.#write();
    const path = this.#pathOf(plugin);
    const [older, newer] = [await tailOf(`${path}.1`, bytes), await tailOf(path, bytes)];
    if (older === undefined && newer === undefined) return undefined;
    const text = Buffer.concat([older ?? Buffer.alloc(0), newer ?? Buffer.alloc(0)]);
    const start = Math.max(0, text.length - bytes);
    const isCut = start > 0 && text[start - 1] !== NEWLINE;
    const whole = text.subarray(isCut ? text.indexOf(NEWLINE, start) + 1 : start);
    return whole
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** From now on; dispose of the result to hear no more. */
  follow(plugin: string, listener: LineListener): Disposable {
    const listeners = this.#listeners.get(plugin) ?? new Set();
    this.#listeners.set(plugin, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#listeners.delete(plugin);
      },
    };
  }

  /** Everything about the plugin was removed from this node. */
  async forget(plugin: string): Promise<void> {
    await this.#write();
    this.#files.delete(plugin);
    const path = this.#pathOf(plugin);
    await Promise.all([rm(path, { force: true }), rm(`${path}.1`, { force: true })]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush?.[Symbol.dispose]();
    await this.#write();
  }

  #take(plugin: string, line: string): void {
    for (const listener of this.#listeners.get(plugin) ?? []) listener(line);
    let file = this.#files.get(plugin);
    if (file === undefined) {
      if (this.#files.size >= MAX_PLUGINS) return;
      file = { path: this.#pathOf(plugin), lines: [], gathered: 0, size: -1 };
      this.#files.set(plugin, file);
    }
    if (file.gathered + line.length > MAX_GATHERED) return;
    file.lines.push(line);
    file.gathered += line.length;
    this.#flush ??= this.#clock.after(GATHER, () => void this.#write()).unref();
  }

  /** Resolves when all that was taken is written; a disk that fails costs lines, and nothing else. */
  #write(): Promise<void> {
    this.#flush?.[Symbol.dispose]();
    this.#flush = undefined;
    this.#writing = this.#writeAll(this.#writing);
    return this.#writing;
  }

  async #writeAll(before: Promise<void>): Promise<void> {
    await before;
    for (const file of this.#files.values()) if (file.lines.length > 0) await this.#writeOne(file);
  }

  async #writeOne(file: PluginFile): Promise<void> {
    const text = `${file.lines.join("\n")}\n`;
    file.lines = [];
    file.gathered = 0;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (file.size < 0) file.size = (await stat(file.path).catch(() => undefined))?.size ?? 0;
      if (file.size > 0 && file.size + text.length > MAX_FILE) {
        await rename(file.path, `${file.path}.1`);
        file.size = 0;
      }
      await appendFile(file.path, text, { mode: 0o600 });
      file.size += Buffer.byteLength(text);
    } catch {
      file.size = -1;
    }
  }

  #pathOf(plugin: string): string {
    return join(this.#folder, `${plugin}.log`);
  }
}

async function tailOf(path: string, bytes: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const length = Math.min(size, bytes + 1);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  }
}
