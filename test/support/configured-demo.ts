import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Child } from "./child.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SLUICE = join(ROOT, "cli/sluice.js");
const PARTS = ["app", "inbound", "outbound", "admin", "api", "push"];
const FREE = PARTS.flatMap((name) => [`--${name}`, "127.0.0.1:0"]);

/** How one call of the command ended. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `sluice up` with its control plane, on free ports, in a folder of its own. */
export class ConfiguredDemo implements AsyncDisposable {
  readonly folder: string;
  #child: Child;

  private constructor(folder: string) {
    this.folder = folder;
    this.#child = ConfiguredDemo.#spawn(folder);
  }

  get child(): Child {
    return this.#child;
  }

  static async start(): Promise<ConfiguredDemo> {
    const demo = await ConfiguredDemo.begin();
    await demo.child.line(/^Sluice is up/);
    return demo;
  }

  /** One that is still starting. */
  static async begin(): Promise<ConfiguredDemo> {
    // Inside the repository, where plugins find the SDK.
    await mkdir(join(ROOT, ".sluice"), { recursive: true });
    const folder = await mkdtemp(join(ROOT, ".sluice/demo-"));
    await cp(join(ROOT, "plugins-example"), join(folder, "plugins"), { recursive: true });
    return new ConfiguredDemo(folder);
  }

  static #spawn(folder: string): Child {
    const args = [SLUICE, "up", ...FREE, "--plugins", "plugins"];
    return new Child(process.execPath, args, { cwd: folder });
  }

  /** Stops it, and starts it again in the same folder behind `meanwhile`. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    await this.#child.end("SIGINT");
    await meanwhile();
    this.#child = ConfiguredDemo.#spawn(this.folder);
    await this.#child.line(/^Sluice is up/);
  }

  /** The address that the printed curl lines name for a path. */
  async url(path: string): Promise<string> {
    const [, url = ""] = await this.child.line(new RegExp(`(http://\\S+${path})\\s+#`));
    return url;
  }

  /** The process of one of its parts, by the script that it runs. */
  async partOf(script: string): Promise<number> {
    const children = await readFile(`/proc/${this.child.pid}/task/${this.child.pid}/children`, "utf8");
    for (const child of children.trim().split(" ")) {
      if ((await readFile(`/proc/${child}/cmdline`, "utf8")).includes(script)) return Number(child);
    }
    throw new Error(`no child runs ${script}`);
  }

  /** Calls the command in the demo's folder, where it finds the contexts. */
  async sluice(...args: readonly string[]): Promise<Called> {
    try {
      return {
        code: 0,
        ...(await promisify(execFile)(process.execPath, [SLUICE, ...args], { cwd: this.folder })),
      };
    } catch (error) {
      return error as Called;
    }
  }

  /** The same as the operator; anything but success is thrown. */
  async ops(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.sluice("--context", "ops", ...args);
    if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Edits a file of the example plugins that the demo watches. */
  async edit(path: string, change: (text: string) => string): Promise<void> {
    const file = join(this.folder, "plugins", path);
    await writeFile(file, change(await readFile(file, "utf8")));
  }

  /** The same as editors do it that write another file and put it in the old one's place. */
  async editBeside(path: string, change: (text: string) => string): Promise<void> {
    const file = join(this.folder, "plugins", path);
    const text = change(await readFile(file, "utf8"));
    await writeFile(`${file}.edited`, text);
    await rename(`${file}.edited`, file);
  }

  /** A copy of an example plugin with another version and an edit; its folder. */
  async pluginCopy(name: string, version: string, edit: (source: string) => string): Promise<string> {
    const folder = join(this.folder, `${name}-${version}`, name);
    await cp(join(ROOT, "plugins-example", name), folder, { recursive: true });
    const manifest = join(folder, "plugin.yaml");
    await writeFile(
      manifest,
      (await readFile(manifest, "utf8")).replace(/^version: .*$/m, `version: ${version}`),
    );
    const source = join(folder, "src/plugin.ts");
    await writeFile(source, edit(await readFile(source, "utf8")));
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}
