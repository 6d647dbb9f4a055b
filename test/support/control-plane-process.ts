import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { flagOf } from "../../core/options/option.ts";
import { Child } from "./child.ts";
import { fixedPort } from "./fixed-port.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

/** Of the first admin. */
export const ADMIN_SECRET = "sluice_0123456789abcdef0123456789abcdef";

const ROOT = new URL("../../", import.meta.url);
/** Modules of CommonJS look for these. */
const COMMONJS = [
  `import { createRequire as requireOf } from "node:module";`,
  `const require = requireOf(import.meta.url);`,
  `const __filename = import.meta.filename, __dirname = import.meta.dirname;`,
].join("\n");

/** A real process of the control plane that can be killed, and started again on its folder and its ports. */
export class ControlPlaneProcess implements AsyncDisposable {
  readonly api: number;
  readonly push: number;
  /** Store, artifacts and uploads. */
  readonly folder: string;
  readonly #program: string;
  readonly #settings: Readonly<Record<string, string>>;
  #child: Child | undefined;

  private constructor(
    program: string,
    folder: string,
    ports: readonly [number, number],
    settings: Readonly<Record<string, string>>,
  ) {
    this.#program = program;
    this.folder = folder;
    [this.api, this.push] = ports;
    this.#settings = settings;
  }

  /** Not started yet. `settings` by name. */
  static async create(
    folder: TemporaryFolder,
    settings: Readonly<Record<string, string>>,
  ): Promise<ControlPlaneProcess> {
    const ports = [await fixedPort(), await fixedPort()] as const;
    return new ControlPlaneProcess(await bundle(folder), folder.join("plane"), ports, settings);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.api}`;
  }

  /** Starts the process, and does not wait for anything. */
  spawn(): Child {
    const settings = {
      api: `127.0.0.1:${this.api}`,
      push: `127.0.0.1:${this.push}`,
      folder: this.folder,
      adminToken: ADMIN_SECRET,
      ...this.#settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [flagOf(name), value]);
    this.#child = new Child(process.execPath, [this.#program, ...flags]);
    return this.#child;
  }

  /** Resolves when both ports answer. */
  async start(): Promise<void> {
    await this.spawn().line(/"msg":"ready"/);
  }

  /** Throws where it had ended by itself. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    await child.end("SIGKILL");
    if (child.process.signalCode !== "SIGKILL") throw new Error(`it had ended by itself:\n${child.output}`);
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
  }
}

/** The control plane as one file: the same code, which starts in half the time. */
async function bundle(folder: TemporaryFolder): Promise<string> {
  const outfile = folder.join("program", "main.mjs");
  const options = { bundle: true, platform: "node", format: "esm", banner: { js: COMMONJS } } as const;
  const path = (name: string): string => fileURLToPath(new URL(name, ROOT));
  await build({ ...options, entryPoints: [path("control-plane/main.ts")], outfile });
  // What it looks for beside itself.
  await build({
    ...options,
    entryPoints: [path("core/packages/schema-worker.ts")],
    outfile: folder.join("program", "schema-worker.ts"),
  });
  await cp(path("proto/mesh"), folder.join("program", "mesh"), { recursive: true });
  return outfile;
}
