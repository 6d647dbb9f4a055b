import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { limitDescriptors } from "../support/descriptor-limit.ts";
import { TestMesh } from "../support/mesh.ts";
import { descriptors } from "../support/process-resources.ts";

const TAGGER = 'export default { execute: () => ({ headerSet: { "x-tag": "tagged" } }) };';
/** What clients take before the sidecar is at its limit. */
const CONNECTIONS = 40;

interface HostsPage {
  readonly hosts: { readonly active?: number; readonly standby?: number };
}

/** One kept connection, and one behind it to the app. */
class KeptClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** What the app was asked; throws unless it answered. */
  async ask(): Promise<"tagged" | "untagged"> {
    const request = get({ host: "127.0.0.1", port: this.#port, path: "/echo", agent: this.#agent });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const body = await text(response);
    if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${body}`);
    return body.includes("tagged") ? "tagged" : "untagged";
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Connects until the sidecar turns one away, having nothing left to take it with. */
async function connectAll(port: number): Promise<readonly Socket[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sockets = Array.from({ length: 2 * CONNECTIONS }, () =>
    connect(port, "127.0.0.1")
      .on("error", () => {})
      .on("close", resolve)
      .resume(),
  );
  await promise;
  return sockets;
}

test("plugin hosts that die while a sidecar is at its limit of descriptors come back when it is not", async () => {
  await using app = await TestApp.start();
  const tagger = { source: TAGGER, failurePolicy: "open" };
  await using mesh = await TestMesh.start({ app: app.port, plugins: { tagger } });
  const { hosts } = await mesh.until("/plugins", ({ hosts: { active, standby } }: HostsPage) => {
    return active !== undefined && standby !== undefined;
  });
  using client = new KeptClient(mesh.inbound);
  expect(await client.ask()).toBe("tagged");

  limitDescriptors(mesh.child.pid, descriptors(mesh.child.pid) + CONNECTIONS);
  const sockets = await connectAll(mesh.inbound);
  for (const pid of [hosts.active ?? 0, hosts.standby ?? 0]) process.kill(pid, "SIGKILL");
  await mesh.child.line(/"err":"a plugin host cannot be started: EMFILE.*a plugin host could not be started/);
  expect(await client.ask()).toBe("untagged");

  for (const socket of sockets) socket.destroy();
  while ((await client.ask()) !== "tagged");

  expect(mesh.child.process.exitCode).toBeNull();
});
