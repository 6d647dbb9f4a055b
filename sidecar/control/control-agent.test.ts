import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { ConfiguredChain } from "../../test/support/configured-chain.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ControlAgent } from "./control-agent.ts";
import { PluginLogs } from "./plugin-logs.ts";
import { ReleasedPackages } from "./released-packages.ts";

const IDENTITY = { id: "n", cluster: "shop", service: "app", symbol: "stable", labels: {} };

test("an agent that is disposed of while it starts connects to nobody afterwards, and leaves no timer", async () => {
  await using folder = await TemporaryFolder.create();
  await using mesh = new ConfiguredChain([]);
  const clock = new ManualClock();
  await using logs = new PluginLogs(folder.join("logs"), clock);
  const agent = new ControlAgent({
    target: "127.0.0.1:1",
    artifacts: "",
    credentials: { ca: "", cert: "", key: "", token: "", tokenFile: "", tls: false },
    self: { identity: IDENTITY, version: "1.0.0", incarnation: "1" },
    folder: folder.path,
    released: new ReleasedPackages(),
    configuration: mesh.configuration,
    compile: () => Promise.reject(new Error("there is nothing to compile")),
    expectScript: () => {},
    environment: {},
    look: () => Promise.reject(new Error("there is nothing to look at")),
    logs,
    clock,
    log: createLogger("silent"),
  });

  const [start] = await Promise.allSettled([agent.start(), agent[Symbol.asyncDispose]()]);

  expect(start).toMatchObject({ status: "rejected", reason: { code: "stopped" } });
  expect(clock.pending).toBe(0);
});
