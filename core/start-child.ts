import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

import { MeshError, messageOf } from "./errors.ts";

/** The system made no process; `cause` is its error. Says nothing about what was to run, unless that is not there. */
export class ChildStartError extends MeshError<"child_not_started"> {
  /** The message without what could not be started. */
  readonly reason: string;

  constructor(what: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(`${what} cannot be started: ${reason}`, {
      code: "child_not_started",
      source: "internal",
      retryable: true,
      cause,
    });
    this.reason = reason;
  }
}

/** Where descriptors are short, whose limit that is, and not the file that was opened to find it out. */
function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EMFILE") return "EMFILE: this process may not open more files (ulimit -n)";
  if (code === "ENFILE") return "ENFILE: the system may not open more files (fs.file-max)";
  return messageOf(cause);
}

export interface StartedChild<Child extends ChildProcess> {
  readonly child: Child;
  /** Rejects with a `ChildStartError` where no process came of it after all: its file is not there, or no more may run. */
  readonly started: Promise<void>;
}

/** Two for each of six pipes, two by which the system tells how it went, two to spare. */
const DESCRIPTORS = 16;

/**
 * Starts a child process: `start` calls `spawn` or `fork`. Throws a `ChildStartError`, and leaves nothing behind, where
 * that throws or where descriptors are short: Node then gives back a child without streams, and its `error` comes when
 * nobody can listen yet. An `error` of the child that nobody listens to is nothing.
 *
 * @param what for messages: `a plugin host`
 */
export function startChild<Child extends ChildProcess>(
  what: string,
  start: () => Child,
): StartedChild<Child> {
  let child: Child;
  try {
    needDescriptors();
    child = start();
  } catch (thrown) {
    throw new ChildStartError(what, thrown);
  }
  child.on("error", () => {});
  // Somebody else's files took the last descriptors meanwhile: another thread's, or another process's of the system.
  if ((child.stdio as unknown) === undefined)
    throw new ChildStartError(what, new Error("no descriptors left"));
  const started = untilStarted(what, child);
  started.catch(() => {});
  return { child, started };
}

/** Throws the system's error. Node never closes the pipes that it had made when it ran out of descriptors. */
function needDescriptors(): void {
  const opened: number[] = [];
  try {
    while (opened.length < DESCRIPTORS) opened.push(openSync(devNull, "r"));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

async function untilStarted(what: string, child: ChildProcess): Promise<void> {
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new ChildStartError(what, error);
  }
}
