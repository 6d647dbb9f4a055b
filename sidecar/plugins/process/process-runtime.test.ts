import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { systemClock, type Clock } from "../../../core/clock.ts";
import { createLogger, type Logger } from "../../../core/log.ts";
import { ScarceDescriptors } from "../../../test/support/descriptor-limit.ts";
import { nextTurn } from "../../../test/support/loaded-remote.ts";
import { ask, pluginSpec } from "../../../test/support/plugin-spec.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";
import type { LoadOutcome, PluginInstance } from "../plugin-runtime.ts";
import { hasRunningMember } from "./process-group.ts";
import { ProcessRuntime } from "./process-runtime.ts";

const SERVER = fileURLToPath(new URL("../../../test/processes/process-plugin.ts", import.meta.url));
/** A start script that becomes the server. */
const serve = (...modes: readonly string[]): string =>
  `#!/bin/sh\nexec ${process.execPath} --no-warnings ${SERVER} ${modes.join(" ")}\n`;

/** A start script that ends and leaves the server behind, as the scripts of many a server do. */
const serveBehind = (): string => `#!/bin/sh\n${process.execPath} --no-warnings ${SERVER} &\n`;

/** A folder with a plugin of these scripts, and a runtime to run it. */
class Running implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly runtime: ProcessRuntime;
  readonly lines: string[];

  private constructor(folder: TemporaryFolder, runtime: ProcessRuntime, lines: string[]) {
    this.folder = folder;
    this.runtime = runtime;
    this.lines = lines;
  }

  static async create(
    start: string,
    options: { clock?: Clock; random?: () => number } = {},
  ): Promise<Running> {
    const folder = await TemporaryFolder.create();
    await folder.write("bin/start.sh", start, 0o755);
    const lines: string[] = [];
    const log: Logger = createLogger("info", { write: (line) => void lines.push(line) });
    const runtime = new ProcessRuntime({ clock: systemClock, log, random: () => 0.001, ...options });
    return new Running(folder, runtime, lines);
  }

  async load(changes: Readonly<Record<string, unknown>> = {}): Promise<LoadOutcome> {
    return this.runtime.load(pluginSpec({ runtime: "process", ...changes }, this.folder.path));
  }

  async loaded(changes: Readonly<Record<string, unknown>> = {}): Promise<PluginInstance> {
    const outcome = await this.load(changes);
    if (outcome.kind === "failed") throw new Error(outcome.detail);
    return outcome.instance;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Folders of sockets that this process has made and that are still there. */
async function socketFolders(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`sluice-plugin-${process.pid}-`));
}

/** What the plugin of a test says about itself. */
async function told(instance: PluginInstance, name: string): Promise<string> {
  const { verdict } = await ask(instance);
  if (verdict.kind !== "rewrite") throw new Error(JSON.stringify(verdict));
  return verdict.edits.find((edit) => edit.name === name)?.values[0] ?? "";
}

/** Whether it is there and no zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** Waits for a state; the test's time limit ends what never comes. */
async function until(state: () => boolean): Promise<true> {
  while (!state()) await nextTurn();
  return true;
}

test("a process plugin is started, asked over its socket, and sees nothing but the documented environment", async () => {
  await using running = await Running.create(serve());

  const instance = await running.loaded();

  expect(await told(instance, "X-WEB-ENVIRONMENT")).toBe(
    "LANG,MESH_PLUGIN_NAME,MESH_PLUGIN_SOCKET,MESH_PLUGIN_VERSION,PATH,PWD",
  );
  await until(() => running.lines.some((line) => line.includes("serving on")));
});

test.for([
  ["stays", serve()],
  ["leaves its server behind", serveBehind()],
] as const)("a start script that %s: unloading ends the server and removes its socket", async ([, start]) => {
  await using running = await Running.create(start);
  const instance = await running.loaded();
  const pid = Number(await told(instance, "X-WEB-PID"));

  await instance.unload();

  await until(() => !isRunning(pid));
  expect(await socketFolders()).toEqual([]);
});

test.for(["ignores-term", "has-child"])(
  "a plugin that %s is ended with all that it started",
  async (mode) => {
    await using running = await Running.create(serve(mode));
    const instance = await running.loaded();
    const pid = Number(await told(instance, "X-WEB-PID"));

    await running.runtime[Symbol.asyncDispose]();

    expect(await until(() => !hasRunningMember(pid))).toBe(true);
  },
);

test("a stop script is run before anything is signalled", async () => {
  await using running = await Running.create(serve("ignores-term"));
  await running.folder.write("bin/stop.sh", "#!/bin/sh\necho asked to stop\n", 0o755);
  const instance = await running.loaded();

  await instance.unload();

  expect(await until(() => running.lines.some((line) => line.includes("asked to stop")))).toBe(true);
});

test.for([
  ["stays", serve()],
  ["leaves its server behind", serveBehind()],
] as const)("a server that dies is started again, where the start script %s", async ([, start]) => {
  await using running = await Running.create(start);
  const instance = await running.loaded();
  const first = Number(await told(instance, "X-WEB-PID"));

  process.kill(first, "SIGKILL");
  await until(() => instance.fault !== undefined);
  const during = await ask(instance);
  await until(() => instance.fault === undefined);
  const second = Number(await told(instance, "X-WEB-PID"));

  expect(during.verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
  expect(second).not.toBe(first);
});

test("a server that dies while no process can be made is started as soon as one can", async () => {
  await using running = await Running.create(serve());
  const instance = await running.loaded();
  const first = Number(await told(instance, "X-WEB-PID"));

  {
    using _scarce = new ScarceDescriptors(0);
    process.kill(first, "SIGKILL");
    await until(() => running.lines.some((line) => line.includes("cannot be started: EMFILE")));
    expect((await ask(instance)).verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
  }
  await until(() => instance.fault === undefined);

  expect(Number(await told(instance, "X-WEB-PID"))).not.toBe(first);
});

test("restarts come after a random time in a span that doubles", async () => {
  const delays: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (delay, run) => {
      if (delay >= 5_000 && delay !== 10_000) delays.push(delay);
      return systemClock.after(delay >= 5_000 && delay !== 10_000 ? 1 : delay, run);
    },
  };
  await using running = await Running.create("#!/bin/sh\nexit 3\n", { clock, random: () => 0.9 });

  await running.load();
  await until(() => delays.length >= 6);

  expect(delays.slice(0, 6)).toEqual([9_000, 18_000, 36_000, 72_000, 144_000, 270_000]);
});

test("a process that never listens is given out as unreachable when its start has taken too long", async () => {
  const hasty: Clock = { ...systemClock, after: (delay, run) => systemClock.after(delay / 1_000, run) };
  await using running = await Running.create("#!/bin/sh\nexec sleep 300\n", { clock: hasty });

  expect((await running.loaded()).fault).toBe("unreachable");
});

test("a process that ends at once is a fault that says why, not a silence", async () => {
  await using running = await Running.create("#!/bin/sh\necho no such table >&2\nexit 3\n", {
    random: () => 0.9,
  });

  const instance = await running.loaded();
  const { verdict } = await ask(instance);

  expect(verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
  expect(instance.faultDetail).toBe("bin/start.sh: exit code 3; its last output: no such table");
});

test("a new version that ends at once does not take the place of one that works", async () => {
  await using running = await Running.create(serve());
  await running.loaded();
  await running.folder.write("bin/start.sh", "#!/bin/sh\nexit 3\n", 0o755);

  const outcome = await running.load({ version: "1.1.0" });

  expect(outcome).toMatchObject({ kind: "failed", cause: "crash", detail: "bin/start.sh: exit code 3" });
  expect(await socketFolders()).toHaveLength(1);
});

test("a start script that cannot be run is a fault with the reason", async () => {
  await using running = await Running.create("#!/no/such/interpreter\n", { random: () => 0.9 });

  const instance = await running.loaded();

  expect(instance.faultDetail).toMatch(/cannot be started: .*ENOENT/);
});

test("a process that is another plugin is refused, and ended", async () => {
  await using running = await Running.create(serve("other"));

  const outcome = await running.load();

  expect(outcome).toMatchObject({ kind: "failed", cause: "not_loaded" });
  expect(outcome.kind === "failed" && outcome.detail).toMatch(
    /it is plugin "another", the manifest says tagger/,
  );
  expect(await socketFolders()).toEqual([]);
});

test("a package for other platforms is refused", async () => {
  await using running = await Running.create(serve());

  const outcome = await running.load({ platforms: ["plan9/mips"] });

  expect(outcome).toMatchObject({ kind: "failed", cause: "not_loaded" });
  expect(outcome.kind === "failed" && outcome.detail).toMatch(/^is for plan9\/mips; this is linux\/a/);
});

test("a flood of output is cut, and does not keep the plugin from serving", async () => {
  await using running = await Running.create(serve("floods"));

  const instance = await running.loaded();

  expect(Number(await told(instance, "X-WEB-PID"))).toBeGreaterThan(0);
  expect(running.lines.filter((line) => line.includes("a line of a flood")).length).toBeLessThan(1_000);
});
