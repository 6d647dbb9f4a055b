import { spawn } from "node:child_process";

import { GrpcPlugin, header } from "../support/grpc-plugin.ts";

// A process plugin of a test: tells of itself in headers. Its arguments change how it behaves.
const modes = new Set(process.argv.slice(2));
const socket = process.env["MESH_PLUGIN_SOCKET"] ?? "";

if (modes.has("ignores-term")) process.on("SIGTERM", () => {});
if (modes.has("has-child")) spawn("/bin/sleep", ["1000"], { stdio: "ignore" });
if (modes.has("floods")) process.stdout.write("a line of a flood\n".repeat(50_000));
process.stdout.write(`serving on ${socket}\n`);

await GrpcPlugin.start(
  {
    description: modes.has("other") ? { name: "another" } : {},
    answer: () => [
      {
        headerSet: [
          header("X-WEB-PID", `${process.pid}`),
          header("X-WEB-ENVIRONMENT", Object.keys(process.env).sort().join()),
        ],
      },
    ],
  },
  `unix:${socket}`,
);
