import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { PositionName } from "../sidecar/chain/verdict.ts";

export interface SidecarPlugins {
  readonly count: number;
  readonly positions: readonly PositionName[];
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

function writePlugin(folder: string, index: number, positions: readonly PositionName[]): void {
  const own = join(folder, `bench-${index}`);
  mkdirSync(join(own, "src"), { recursive: true });
  writeFileSync(join(own, "src/plugin.ts"), pluginSource(index));
  writeFileSync(
    join(own, "plugin.yaml"),
    `apiVersion: sluice/v1
kind: Plugin
name: bench-${index}
version: 1.0.0
runtime: isolate
entry: src/plugin.ts
positions: [${positions.join(", ")}]
failurePolicy: closed
`,
  );
}

/** A mesh.yaml with so many plugins, and how the sidecar is started with it. */
export function sidecarCase(
  folder: string,
  port: number,
  upstream: number,
  { count, positions }: SidecarPlugins,
): { readonly config: string; readonly args: readonly string[] } {
  const plugins = join(folder, "plugins");
  mkdirSync(plugins, { recursive: true });
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  for (const index of numbers) writePlugin(plugins, index, positions);
  const chain = numbers.map((index) => `\n  - plugin: bench-${index}`).join("");
  const config = `apiVersion: sluice/v1
kind: Mesh
sidecar:
  inbound: 127.0.0.1:${port}
  app: 127.0.0.1:${upstream}
  appProtocol: http1
  outbound: 127.0.0.1:0
  admin: 127.0.0.1:0
  accessLog: false
  logLevel: warn
plugins: { folder: ${plugins} }
chain:${chain === "" ? " []" : chain}
`;
  return { config, args: [SIDECAR, "--config", join(folder, "mesh.yaml")] };
}
