import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";

/** Which core a process is pinned to: load and app on one, what is measured on the other. */
export const CORES = { load: 0, measured: 1 } as const;

/** A child process with the port on which it listens; disposing of it ends it and waits for the end. */
export class RunningProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly port: number;

  constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  }
}

/** Ends what is measured with the process that measures, however that ends. */
const WITH_US = ["--pdeathsig", "TERM", "--"];

/** Starts a command pinned to a core, standard output piped, and standard input if it is told anything. */
export function startPinned(
  core: number,
  command: readonly string[],
  input: "ignore" | "pipe" = "ignore",
): ChildProcess {
  const pinned = ["taskset", "-c", String(core), ...command];
  return spawn("setpriv", [...WITH_US, ...pinned], { stdio: [input, "pipe", "inherit"] });
}

/** Pins this process, which has little to do, away from what is measured. */
export function pinSelf(core: number): void {
  spawnSync("taskset", ["-a", "-c", "-p", String(core), String(process.pid)], { stdio: "ignore" });
}

/** Starts a script of ours that prints `listening PORT`. */
export async function startListening(core: number, command: readonly string[]): Promise<RunningProcess> {
  const child = startPinned(core, command);
  if (child.stdout === null) throw new Error("no standard output");
  for await (const line of createInterface(child.stdout)) {
    const port = /^listening (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return new RunningProcess(child, Number(port));
  }
  throw new Error(`${command.join(" ")} ended before it listened`);
}

/** Starts a command that was told its port, and waits until it accepts connections. */
export async function startOnPort(
  core: number,
  command: readonly string[],
  port: number,
): Promise<RunningProcess> {
  const running = new RunningProcess(startPinned(core, command), port);
  // What it has to say is worth reading where a run fails.
  running.child.stdout?.pipe(process.stderr);
  for (let attempt = 0; attempt < 1200; attempt++) {
    if (running.child.exitCode !== null) break;
    if (await accepts(port)) return running;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await running[Symbol.asyncDispose]();
  throw new Error(`${command.join(" ")} does not accept connections on ${port}`);
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
