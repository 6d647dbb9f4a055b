import { watch, type FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

import type { Clock, Timer } from "../../core/clock.ts";
import { InputError, messageOf, type Problem } from "../../core/errors.ts";
import { readTextFile } from "../../core/text-file.ts";
import { MAX_SNAPSHOT_BYTES, parseSnapshot } from "./snapshot-schema.ts";
import type { MeshSnapshot } from "./snapshot.ts";

/** Milliseconds for which the file must look the same before it is read. */
const STABLE = 50;
/** Some volumes tell of no changes, and a folder that is replaced takes its watch with it. */
const RESCAN = 2_000;

/** Hears what becomes of each change of the file; what has the content of before is no change. */
export interface SnapshotListener {
  snapshot(snapshot: MeshSnapshot): void;
  problems(problems: readonly Problem[]): void;
}

type Content =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly message: string };

/**
 * A configuration that is a file. The folder is watched, not the file, since editors and Kubernetes put a new file in
 * its place; events only wake it, and what lies there tells whether anything has changed.
 */
export class FileSource implements AsyncDisposable {
  /** As it was given: what problems call it. */
  readonly path: string;
  readonly #clock: Clock;
  #listener: SnapshotListener | undefined;
  #watcher: FSWatcher | undefined;
  #rescan: Timer | undefined;
  #settling: Timer | undefined;
  #looking: Promise<void> | undefined;
  /** How the file looked when it was looked at, and when it was read. */
  #seen = "";
  #read = "";
  #content: Content | undefined;
  #closed = false;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** Reads it now. Throws an `InputError` that names every problem. */
  async read(): Promise<MeshSnapshot> {
    this.#read = await this.#signature();
    this.#content = await this.#load();
    return this.#parse(this.#content);
  }

  /** Tells of every change from what was read last. Once. */
  watch(listener: SnapshotListener): void {
    this.#listener = listener;
    this.#watchFolder();
    this.#rescan = this.#clock.every(RESCAN, () => this.#onRescan()).unref();
    this.#soon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#rescan?.[Symbol.dispose]();
    this.#settling?.[Symbol.dispose]();
    await this.#looking;
  }

  #watchFolder(): void {
    try {
      this.#watcher = watch(dirname(this.path), { persistent: false }, () => this.#soon());
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // It is looked at every two seconds all the same, and then the watch is tried again.
      this.#watcher = undefined;
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #onRescan(): void {
    if (this.#watcher === undefined) this.#watchFolder();
    this.#soon();
  }

  #soon(): void {
    if (this.#closed || this.#settling !== undefined) return;
    this.#settling = this.#clock.after(STABLE, () => {
      this.#settling = undefined;
      this.#looking = this.#look();
    });
  }

  /** Never rejects. What looks new is read at the next look, if it looks the same then. */
  async #look(): Promise<void> {
    const signature = await this.#signature();
    if (signature === this.#read) return;
    const settled = signature === this.#seen;
    this.#seen = signature;
    if (!settled) return this.#soon();
    const content = await this.#load();
    this.#read = signature;
    const isNews = !sameContent(content, this.#content);
    this.#content = content;
    if (isNews && !this.#closed) this.#tell(content);
  }

  #tell(content: Content): void {
    let snapshot: MeshSnapshot;
    try {
      snapshot = this.#parse(content);
    } catch (thrown) {
      const fallback = [{ where: this.path, message: messageOf(thrown) }];
      return this.#listener?.problems(thrown instanceof InputError ? thrown.problems : fallback);
    }
    this.#listener?.snapshot(snapshot);
  }

  #parse(content: Content): MeshSnapshot {
    if (content.kind === "text") return parseSnapshot(this.path, content.text);
    throw new InputError([{ where: this.path, message: content.message }]);
  }

  async #signature(): Promise<string> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(this.path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join();
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  async #load(): Promise<Content> {
    try {
      return { kind: "text", text: await readTextFile(this.path, MAX_SNAPSHOT_BYTES) };
    } catch (thrown) {
      return { kind: "unreadable", message: `cannot be read: ${messageOf(thrown)}` };
    }
  }
}

function sameContent(left: Content, right: Content | undefined): boolean {
  if (left.kind === "text") return right?.kind === "text" && left.text === right.text;
  return right?.kind === "unreadable" && left.message === right.message;
}
