import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { CORES } from "../running-process.ts";
import type { NodeToken, Question, Received } from "./messages.ts";

const SCRIPT = fileURLToPath(new URL("nodes.ts", import.meta.url));

/** All simulated nodes, in several processes on a core that is not the control plane's. */
export class FleetNodes implements Disposable {
  readonly #children: readonly ChildProcess[];
  readonly #push: number;

  /** `push`: the port of the control plane. */
  constructor(processes: number, push: number) {
    this.#children = Array.from({ length: processes }, startNodes);
    this.#push = push;
  }

  /** Resolves when all have begun to connect. */
  async connect(tokens: readonly NodeToken[]): Promise<void> {
    const share = Math.ceil(tokens.length / this.#children.length);
    await Promise.all(
      this.#children.map(async (child, index) => {
        const nodes = tokens.slice(index * share, (index + 1) * share);
        await ask(child, { kind: "connect", push: this.#push, nodes });
      }),
    );
  }

  /** What came to all of them since this was asked last. */
  async received(): Promise<Received> {
    const all = await Promise.all(this.#children.map((child) => ask(child, { kind: "received" })));
    const sum = (of: (each: Received) => number): number => all.reduce((total, each) => total + of(each), 0);
    return {
      resources: sum((each) => each.resources),
      downloads: sum((each) => each.downloads),
      failedDownloads: sum((each) => each.failedDownloads),
      chains: all.flatMap(({ chains }) => chains),
    };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

function startNodes(): ChildProcess {
  const command = ["-c", String(CORES.load), process.execPath, SCRIPT];
  const child = spawn("taskset", command, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  // Else whoever asks it would wait for ever.
  child.once("exit", (code) => {
    if (code !== null) throw new Error(`a process of nodes ended with ${code}`);
  });
  return child;
}

async function ask(child: ChildProcess, question: Question): Promise<Received> {
  const answered = once(child, "message");
  child.send(question);
  const [received] = (await answered) as [Received];
  return received;
}
