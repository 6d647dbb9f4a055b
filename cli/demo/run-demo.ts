import { relative, resolve } from "node:path";

import { formatAddress } from "../../core/address.ts";
import { keepBundler } from "../../core/packages/bundle.ts";
import { isUnpacked } from "./example-package.ts";
import { endedEarly } from "../child-process.ts";
import type { CommandLine } from "../command-line.ts";
import { bringIntoForce, prepareControlPlane } from "./configured-demo.ts";
import { controlPlaneEnded, controlPlaneHelp, demoHelp } from "./help.ts";
import { taken, type DemoOptions } from "./options.ts";
import {
  failure,
  startApp,
  startControlPlane,
  startSidecar,
  type ConfigurationFrom,
  type StartingProgram,
} from "./programs.ts";
import { DemoState } from "./state.ts";
import { StopSignals } from "./stop-signals.ts";

/** Resolves when what is shown is in force, and then has what watches for edits. */
type BringIntoForce = (left: AbortSignal) => Promise<AsyncDisposable>;

/** Somebody stopped the demo before its sidecar was ready. */
class StoppedEarly extends Error {}

/** Runs the demo until somebody stops it or a part of it ends; gives the exit code. */
export async function runDemo(line: CommandLine, options: DemoOptions): Promise<number> {
  using signals = new StopSignals(line.clock);
  try {
    return await new Demo(line, options, signals).run();
  } catch (error) {
    if (error instanceof StoppedEarly) return 0;
    throw error;
  }
}

class Demo {
  readonly #line: CommandLine;
  readonly #signals: StopSignals;
  readonly #stack = new AsyncDisposableStack();
  #options: DemoOptions;
  #draining = false;

  constructor(line: CommandLine, options: DemoOptions, signals: StopSignals) {
    this.#line = line;
    this.#options = options;
    this.#signals = signals;
  }

  /** The sidecar drains while the app still answers; then the app ends, and the control plane last. */
  async run(): Promise<number> {
    await using _stack = this.#stack;
    this.#line.output.write("Sluice is starting; it says when it is up.\n");
    const app = startApp(this.#options);
    this.#stack.use(app.program);
    this.#options = {
      ...this.#options,
      app: taken(this.#options.app, await this.#orStop(app.ready), "port"),
    };
    const { config } = this.#options;
    const source =
      config === ""
        ? await this.#controlPlane()
        : { from: { kind: "file", path: config } as const, start: undefined };

    const sidecar = startSidecar(this.#line, this.#options, source.from);
    this.#stack.use(sidecar.program);
    const ports = await this.#orStop(sidecar.ready);
    const { inbound, outbound, admin } = this.#options;
    this.#options = {
      ...this.#options,
      inbound: taken(inbound, ports, "inbound"),
      outbound: taken(outbound, ports, "outbound"),
      admin: taken(admin, ports, "admin"),
    };
    const ended = [this.#failure(sidecar), this.#failure(app)];
    await Promise.race([this.#signals.stopped, ...ended, this.#present(source.start)]);
    await Promise.race([this.#signals.stopped, ...ended]);
    this.#draining = true;
    this.#line.output.write("draining …; Ctrl-C again cuts short what is still open\n");
    void this.#signals.hurried.then(() => sidecar.program.end("SIGINT"));
    const end = await sidecar.program.end();
    await app.program.end();
    if (end.kind !== "exit") throw endedEarly(sidecar.program.name, end);
    return end.code;
  }

  /** Waits for a step of the start, unless somebody stops the demo. */
  async #orStop<Value>(step: Promise<Value>): Promise<Value> {
    const stopped = this.#signals.stopped.then((): never => {
      throw new StoppedEarly();
    });
    return Promise.race([step, stopped]);
  }

  /** Brings what is shown into force and says how to try it, unless somebody stops the demo before. */
  async #present(start: BringIntoForce | undefined): Promise<void> {
    const left = new AbortController();
    void this.#signals.stopped.then(() => left.abort());
    try {
      if (start !== undefined) await this.#begin(start, left);
      const help = await this.#help();
      if (!left.signal.aborted) this.#line.output.write(help);
    } catch (error) {
      if (!left.signal.aborted) throw error;
    }
  }

  /** However the demo ends, what has begun does so before those that it talks to. */
  async #begin(start: BringIntoForce, left: AbortController): Promise<void> {
    const begun = start(left.signal);
    this.#stack.defer(async () => {
      left.abort();
      const edits = await begun.catch(() => undefined);
      await edits?.[Symbol.asyncDispose]();
    });
    await begun;
  }

  /** Rejects when a part ends although nobody here asked it to, which is said at once: the others take their time. */
  async #failure({ program }: StartingProgram): Promise<never> {
    await program.ended;
    if (!this.#draining) this.#line.output.write(`${program.name} has ended: so does the rest\n`);
    return failure(program);
  }

  async #controlPlane(): Promise<{
    readonly from: ConfigurationFrom;
    readonly start: BringIntoForce;
  }> {
    const state = new DemoState(this.#line.directory);
    await state.prepare();
    // For the examples now, and for their edits later.
    this.#stack.use(keepBundler());
    const { program, ready } = startControlPlane(this.#line, this.#options, state);
    let ending = false;
    this.#stack.defer(async () => {
      ending = true;
      await program.end();
    });
    const ports = await this.#orStop(ready);
    const { api, push } = this.#options;
    this.#options = { ...this.#options, api: taken(api, ports, "api"), push: taken(push, ports, "push") };
    const notice = controlPlaneEnded(this.#options, state.controlPlane);
    void program.ended.then(() => ending || this.#line.output.write(notice));
    const tokens = await this.#orStop(prepareControlPlane(this.#options, state));
    const options = this.#options;
    const artifacts = `http://${formatAddress(options.api)}/api/v1/artifacts/`;
    return {
      from: { kind: "control-plane", push: options.push, artifacts, state },
      start: (left) => bringIntoForce(this.#line, options, tokens, left),
    };
  }

  async #help(): Promise<string> {
    const { app, inbound, outbound, admin, api, config, plugins } = this.#options;
    const shown = {
      app: formatAddress(app),
      inbound: formatAddress(inbound),
      outbound: formatAddress(outbound),
      admin: formatAddress(admin),
    };
    const { directory } = this.#line;
    if (config !== "") return demoHelp(shown, relative(directory, resolve(directory, config)));
    const sources = (await isUnpacked(plugins)) ? relative(directory, plugins) : undefined;
    return controlPlaneHelp(shown, { api: formatAddress(api), sources });
  }
}
