import { fileURLToPath } from "node:url";

import { flagOf } from "../../core/options/option.ts";
import { Child } from "./child.ts";
import type { ScriptedControlPlane } from "./scripted-control-plane.ts";
import { manifestText, rawZip } from "./plugin-packages.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

const SIDECAR = fileURLToPath(new URL("../../sidecar/main.ts", import.meta.url));

interface Ready {
  readonly inbound: number;
  readonly admin: number;
}

/** A real sidecar process that a control plane configures, with a state folder that outlives it. */
export class ControlledSidecar implements AsyncDisposable {
  readonly child: Child;
  readonly #state: TemporaryFolder;

  /** `app`: port; `settings` by name, beside those that lead to the control plane. */
  constructor(
    plane: Pick<ScriptedControlPlane, "settings">,
    state: TemporaryFolder,
    app: number,
    settings: Readonly<Record<string, string>> = {},
  ) {
    this.#state = state;
    const all = {
      inbound: "127.0.0.1:0",
      outbound: "127.0.0.1:0",
      admin: "127.0.0.1:0",
      app: `127.0.0.1:${app}`,
      drainDelay: "0ms",
      stateFolder: state.path,
      nodeId: "node-1",
      cluster: "shop",
      ...plane.settings,
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) => [flagOf(name), value]);
    this.child = new Child(process.execPath, [SIDECAR, ...flags]);
  }

  /** Resolves when traffic is welcome. */
  async ready(): Promise<Ready> {
    const [line] = await this.child.line(/^.*"msg":"ready".*$/);
    return JSON.parse(line) as Ready;
  }

  /** GET through the sidecar. */
  async get(path = "/"): Promise<Response> {
    const { inbound } = await this.ready();
    return fetch(`http://127.0.0.1:${inbound}${path}`);
  }

  /** GET on the admin port. */
  async ask(path: string): Promise<Response> {
    const { admin } = await this.ready();
    return fetch(`http://127.0.0.1:${admin}${path}`);
  }

  /** The value of a metric's first series whose line has this in it. */
  async metric(part: string): Promise<number> {
    const text = await (await this.ask("/metrics")).text();
    const line = text.split("\n").find((each) => each.startsWith(part));
    return Number(line?.slice(line.lastIndexOf(" ") + 1));
  }

  /** In the node's folder. */
  path(...parts: readonly string[]): string {
    return this.#state.join("nodes", "node-1", ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}

/** A package whose plugin sets `x-tag` on the response. */
export function taggerZip(name: string, version: string, script = taggerScript(version)): Buffer {
  const manifest = manifestText({ name, version, positions: ["response"], failurePolicy: "open" });
  return rawZip([
    { name: `${name}/plugin.yaml`, content: manifest },
    { name: `${name}/bin/plugin.js`, content: script },
  ]);
}

function taggerScript(tag: string): string {
  return `export default { execute: () => ({ headerSet: { "x-tag": ${JSON.stringify(tag)} } }) };`;
}
