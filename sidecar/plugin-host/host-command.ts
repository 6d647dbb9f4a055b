import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { TIMER_SLACK_FILE } from "./timer-slack.ts";

/** How a plugin host is started. Its link is descriptor 3 (a pipe of `spawn`), the breadcrumb file descriptor 4. */
export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The command of a plugin host: Node with its permissions taken away. It may read its own code until all of it is
 * loaded, then nothing; it has no network, no children, no workers and an empty environment.
 */
export function hostCommand(): HostCommand {
  const args = [
    "--permission",
    // isolated-vm is a native addon.
    "--allow-addons",
    "--no-node-snapshot",
    // One thread for V8's own work, and a young generation for small answers: half the memory of the defaults.
    "--v8-pool-size=1",
    "--max-semi-space-size=4",
    // TypeScript is read by WebAssembly, once: code of an optimiser for it would take 7 MiB until the end.
    "--no-wasm-dynamic-tiering",
    "--no-wasm-tier-up",
    // Both say what we know; the output of a host is kept for the report of its death.
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=SecurityWarning",
    ...readable().map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${TIMER_SLACK_FILE}`,
    fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url)),
  ];
  return { file: process.execPath, args, env: {} };
}

/** The tree of the code, the folder of its packages, and what node-gyp-build looks at. */
function readable(): readonly string[] {
  const code = packageFolder(new URL(".", import.meta.url));
  const packages = fileURLToPath(
    new URL("..", packageFolder(new URL(".", import.meta.resolve("isolated-vm")))),
  );
  return [`${fileURLToPath(code)}*`, `${packages}*`, "/etc/alpine-release"];
}

/** The nearest folder upwards that has a package.json. */
function packageFolder(folder: URL): URL {
  if (folder.pathname === "/" || existsSync(new URL("package.json", folder))) return folder;
  return packageFolder(new URL("..", folder));
}
