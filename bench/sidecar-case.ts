import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { PositionName } from "../sidecar/chain/verdict.ts";
import type { Target } from "./intermediaries/target.ts";
import { SIDECAR_ENVIRONMENT, SIDECAR_FLAGS } from "../core/sidecar-process.ts";

export interface SidecarPlugins {
  readonly runtime: "isolate" | "remote";
  readonly count: number;
  readonly positions: readonly PositionName[];
}

/** What a sidecar of the bench stands between, and its plugins with it. */
export interface SidecarTarget extends Target {
  /** Port of the gRPC plugin, for those with `runtime: remote`. */
  readonly grpcPlugin: number;
}

const SIDECAR = fileURLToPath(new URL("../sidecar/main.ts", import.meta.url));

/** What each plugin of the bench does: read one header, set one header. */
function pluginSource(index: number): string {
  return `export default {
  execute(request) {
    if (request.headers.get("x-forbidden") !== undefined) return { httpCode: 403, body: "no" };
    return { headerSet: [{ key: "X-Web-${index}", value: ["${index}"] }] };
  },
};
`;
}

function writePlugin(
  folder: string,
  index: number,
  { runtime, positions }: SidecarPlugins,
  grpcPlugin: number,
): void {
  const own = join(folder, `bench-${index}`);
  mkdirSync(join(own, "src"), { recursive: true });
  if (runtime === "isolate") writeFileSync(join(own, "src/plugin.ts"), pluginSource(index));
  const where = runtime === "isolate" ? "entry: src/plugin.ts" : `address: 127.0.0.1:${grpcPlugin}`;
  writeFileSync(
    join(own, "plugin.yaml"),
    `apiVersion: sluice/v1
kind: Plugin
name: bench-${index}
version: 1.0.0
runtime: ${runtime}
${where}
positions: [${positions.join(", ")}]
failurePolicy: closed
timeout: 1s
cpu: 100ms
`,
  );
}

/** A mesh.yaml with such plugins, and the command that starts a sidecar with it. */
export function sidecarCase(
  { folder, port, upstream, workload, grpcPlugin }: SidecarTarget,
  wanted: SidecarPlugins,
  program = SIDECAR,
): { readonly config: string; readonly command: readonly string[] } {
  const plugins = join(folder, "plugins");
  mkdirSync(plugins, { recursive: true });
  const numbers = Array.from({ length: wanted.count }, (_, index) => index + 1);
  for (const index of numbers) writePlugin(plugins, index, wanted, grpcPlugin);
  const chain = numbers.map((index) => `\n  - plugin: bench-${index}`).join("");
  const config = `apiVersion: sluice/v1
kind: Mesh
sidecar:
  inbound: 127.0.0.1:${port}
  app: 127.0.0.1:${upstream}
  appProtocol: ${workload === "http1" ? "http1" : "h2c"}
  outbound: 127.0.0.1:0
  admin: 127.0.0.1:0
  accessLog: false
  logLevel: warn
plugins: { folder: ${plugins} }
# While all cases start on one core an exchange may wait for longer than the default of 200 ms.
deadlines: { request: 5s, response: 5s }
chain:${chain === "" ? " []" : chain}
`;
  const environment = Object.entries(SIDECAR_ENVIRONMENT).map((pair) => pair.join("="));
  const node = [process.execPath, ...SIDECAR_FLAGS, program, "--config", join(folder, "mesh.yaml")];
  return { config, command: ["env", ...environment, ...node] };
}
