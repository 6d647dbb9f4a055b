import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { haproxyCommand } from "./intermediaries/haproxy.ts";
import { missingForNginx, nginxCommand, type NginxFlavour } from "./intermediaries/nginx.ts";
import { missingProgram } from "./intermediaries/missing.ts";
import { EMPTY_CHAIN, PASSTHROUGH } from "./references.ts";
import { CORES, freePort, startListening, startOnPort, type RunningProcess } from "./running-process.ts";
import { sidecarCase, type SidecarPlugins } from "./sidecar-case.ts";
import type { Workload } from "./load/requests.ts";

export interface Surroundings {
  /** Of this run, for configurations. */
  readonly folder: string;
  /** Ports of the apps. */
  readonly http1: number;
  readonly h2: number;
  /** Port of a gRPC plugin, which runs beside the apps and is not measured. */
  readonly grpcPlugin: number;
}

/** Something that stands between load and app. */
export interface BenchCase {
  readonly name: string;
  readonly workload: Workload;
  /** Undefined: can run here. */
  readonly missing: string | undefined;
  start(surroundings: Surroundings): Promise<RunningProcess>;
}

/** The app that a workload is meant for. */
function upstreamOf(workload: Workload, { http1, h2 }: Surroundings): number {
  return workload === "http1" ? http1 : h2;
}

function folderOf({ folder }: Surroundings, workload: Workload, name: string): string {
  const own = join(folder, `${workload}-${name.replaceAll(/\W+/g, "-")}`);
  mkdirSync(own, { recursive: true });
  return own;
}

function script(workload: Workload, name: string, file: string): BenchCase {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return {
    name,
    workload,
    missing: undefined,
    start: (surroundings) => {
      const upstream = String(upstreamOf(workload, surroundings));
      return startListening(CORES.measured, [process.execPath, path, upstream]);
    },
  };
}

function nginx(workload: Workload, name: string, flavour: NginxFlavour): BenchCase {
  return {
    name,
    workload,
    missing: missingForNginx(flavour),
    async start(surroundings) {
      const port = await freePort();
      const folder = folderOf(surroundings, workload, name);
      // nginx speaks h2c to an app by grpc_pass only.
      const upstream = workload === "grpc" ? surroundings.h2 : surroundings.http1;
      return startOnPort(CORES.measured, nginxCommand(flavour, { folder, port, upstream, workload }), port);
    },
  };
}

function haproxy(workload: Workload): BenchCase {
  const name = "HAProxy";
  return {
    name,
    workload,
    missing: missingProgram("haproxy"),
    async start(surroundings) {
      const port = await freePort();
      const folder = folderOf(surroundings, workload, name);
      const upstream = upstreamOf(workload, surroundings);
      return startOnPort(CORES.measured, haproxyCommand({ folder, port, upstream, workload }), port);
    },
  };
}

function sidecar(workload: Workload, name: string, plugins: SidecarPlugins): BenchCase {
  return {
    name,
    workload,
    missing: undefined,
    async start(surroundings) {
      const own = folderOf(surroundings, workload, name);
      const port = await freePort();
      const upstream = upstreamOf(workload, surroundings);
      const { grpcPlugin } = surroundings;
      const { config, command } = sidecarCase({ folder: own, port, upstream, workload, grpcPlugin }, plugins);
      writeFileSync(join(own, "mesh.yaml"), config);
      return startOnPort(CORES.measured, command, port);
    },
  };
}

const NO_PLUGINS: SidecarPlugins = { runtime: "isolate", count: 0, positions: ["request"] };

function isolates(count: number, positions: SidecarPlugins["positions"]): SidecarPlugins {
  return { runtime: "isolate", count, positions };
}

export const CASES: readonly BenchCase[] = [
  script("http1", PASSTHROUGH, "passthrough/http1-passthrough.ts"),
  script("http1", "floor: a sketch on node:net, no checks", "passthrough/http1-floor.ts"),
  sidecar("http1", EMPTY_CHAIN, NO_PLUGINS),
  sidecar("http1", "sluice, 1 isolate plugin, request", isolates(1, ["request"])),
  sidecar("http1", "sluice, 3 isolate plugins, request", isolates(3, ["request"])),
  sidecar("http1", "sluice, 1 isolate plugin, both", isolates(1, ["request", "response"])),
  sidecar("http1", "sluice, 3 isolate plugins, both", isolates(3, ["request", "response"])),
  sidecar("http1", "sluice, 1 gRPC plugin, request", { runtime: "remote", count: 1, positions: ["request"] }),
  nginx("http1", "nginx", "plain"),
  nginx("http1", "nginx + Lua", "lua"),
  nginx("http1", "nginx + njs", "njs"),
  haproxy("http1"),
  script("http1", "@fastify/http-proxy", "intermediaries/fastify-http-proxy.ts"),
  script("http1", "npm http-proxy", "intermediaries/http-proxy.ts"),
  script("h2", PASSTHROUGH, "passthrough/h2-passthrough.ts"),
  script("h2", "sluice's two ends with nothing between", "passthrough/h2-join.ts"),
  sidecar("h2", EMPTY_CHAIN, NO_PLUGINS),
  nginx("h2", "nginx + Lua, HTTP/1.1 to the app", "lua"),
  haproxy("h2"),
  script("grpc", PASSTHROUGH, "passthrough/h2-passthrough.ts"),
  script("grpc", "sluice's two ends with nothing between", "passthrough/h2-join.ts"),
  sidecar("grpc", EMPTY_CHAIN, NO_PLUGINS),
  nginx("grpc", "nginx + Lua, grpc_pass", "lua"),
  haproxy("grpc"),
];
