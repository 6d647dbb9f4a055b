import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import { cpuMicros } from "../process-tree.ts";
import { CORES, freePort, startPinned } from "../running-process.ts";

const PROGRAM = fileURLToPath(new URL("../../control-plane/main.ts", import.meta.url));

/** Of the first admin. */
const ADMIN_SECRET = "sluice_0123456789abcdef0123456789abcdef";

/** What the process has used and counted since its start. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Resources that it sent to nodes. */
  readonly sent: number;
  /** Streams refused since so many were connecting. */
  readonly refused: number;
}

/** The control plane as it is in production, on a core of its own: `control-plane/main.ts` with its default settings. */
export class ControlPlaneProcess implements AsyncDisposable {
  readonly adminSecret: string = ADMIN_SECRET;
  readonly api: number;
  readonly push: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  /** What it said last, for who reads why it ended. */
  #said: readonly string[] = [];

  private constructor(folder: string, api: number, push: number) {
    this.#folder = folder;
    this.api = api;
    this.push = push;
  }

  /** Not started yet. `folder`: for store and artifacts. */
  static async create(folder: string): Promise<ControlPlaneProcess> {
    return new ControlPlaneProcess(folder, await freePort(), await freePort());
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.api}`;
  }

  /** Resolves when both ports answer. */
  async start(): Promise<void> {
    const flags = ["--api", `127.0.0.1:${this.api}`, "--push", `127.0.0.1:${this.push}`];
    const more = ["--artifact-url", `${this.baseUrl}/api/v1/artifacts/`, "--admin-token", ADMIN_SECRET];
    const command = [process.execPath, PROGRAM, ...flags, ...more, "--folder", this.#folder];
    const child = startPinned(CORES.measured, command);
    this.#child = child;
    if (child.stdout === null) throw new Error("no standard output");
    const ready = Promise.withResolvers<void>();
    createInterface(child.stdout).on("line", (line) => {
      this.#said = [...this.#said, line].slice(-20);
      if (line.includes('"msg":"ready"')) ready.resolve();
    });
    child.once("exit", () => ready.reject(new Error(`it ended:\n${this.#said.join("\n")}`)));
    await ready.promise;
  }

  /** By what /proc and its own metrics say. */
  async usage(): Promise<Usage> {
    const pid = this.#child?.pid ?? 0;
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
    const page = await (await fetch(`${this.baseUrl}/metrics`, { headers })).text();
    return {
      cpuSeconds: cpuMicros([pid]) / 1e6,
      residentBytes: Number(resident) * 1024,
      sent: sumOf(page, "sluice_cp_push_sent_total"),
      refused: sumOf(page, 'sluice_cp_connects_total{result="too_many"}'),
    };
  }

  /** SIGTERM lets it say Goodbye; SIGKILL does not. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}

function sumOf(page: string, series: string): number {
  const lines = page.split("\n").filter((line) => line.startsWith(series));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
