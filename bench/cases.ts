import { mkdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { haproxyCommand } from "./intermediaries/haproxy.ts";
import { nginxCommand } from "./intermediaries/nginx.ts";
import { CORES, freePort, startListening, startOnPort, type RunningProcess } from "./running-process.ts";
import { sidecarCase, type SidecarPlugins } from "./sidecar-case.ts";

export interface Surroundings {
  /** Of this run, for configurations. */
  readonly folder: string;
  readonly upstream: number;
}

/** Something that stands between load and app. */
export interface BenchCase {
  readonly name: string;
  /** Undefined: can run here. */
  readonly missing: string | undefined;
  start(surroundings: Surroundings): Promise<RunningProcess>;
}

function script(name: string, file: string): BenchCase {
  const path = fileURLToPath(new URL(`intermediaries/${file}`, import.meta.url));
  return {
    name,
    missing: undefined,
    start: ({ upstream }) => startListening(CORES.measured, [process.execPath, path, String(upstream)]),
  };
}

type CommandOf = (folder: string, port: number, upstream: number) => readonly string[];

function peer(name: string, program: string, commandOf: CommandOf): BenchCase {
  return {
    name,
    missing: spawnSync("which", [program]).status === 0 ? undefined : `${program} is not installed`,
    async start({ folder, upstream }) {
      const own = join(folder, name.replaceAll(/\W+/g, "-"));
      mkdirSync(own, { recursive: true });
      const port = await freePort();
      return startOnPort(CORES.measured, commandOf(own, port, upstream), port);
    },
  };
}

function sidecar(name: string, plugins: SidecarPlugins): BenchCase {
  return {
    name,
    missing: undefined,
    async start({ folder, upstream }) {
      const own = join(folder, name.replaceAll(/\W+/g, "-"));
      mkdirSync(own, { recursive: true });
      const port = await freePort();
      const { config, args } = sidecarCase(own, port, upstream, plugins);
      writeFileSync(join(own, "mesh.yaml"), config);
      return startOnPort(CORES.measured, [process.execPath, ...args], port);
    },
  };
}

/** The name of the case that the others are compared with. */
export const BASELINE = "node:http + undici passthrough";

/** What plugins are added to. */
export const EMPTY_CHAIN = "sluice, empty chain";

export const CASES: readonly BenchCase[] = [
  script(BASELINE, "passthrough.ts"),
  sidecar(EMPTY_CHAIN, { count: 0, positions: ["request"] }),
  sidecar("sluice, 1 isolate plugin, request", { count: 1, positions: ["request"] }),
  sidecar("sluice, 3 isolate plugins, request", { count: 3, positions: ["request"] }),
  sidecar("sluice, 1 isolate plugin, both", { count: 1, positions: ["request", "response"] }),
  sidecar("sluice, 3 isolate plugins, both", { count: 3, positions: ["request", "response"] }),
  peer("nginx", "nginx", (folder, port, upstream) => nginxCommand("plain", folder, port, upstream)),
  peer("nginx + Lua", "nginx", (folder, port, upstream) => nginxCommand("lua", folder, port, upstream)),
  peer("nginx + njs", "nginx", (folder, port, upstream) => nginxCommand("njs", folder, port, upstream)),
  peer("HAProxy", "haproxy", haproxyCommand),
  script("@fastify/http-proxy", "fastify-http-proxy.ts"),
  script("npm http-proxy", "http-proxy.ts"),
];
