import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { problemOf, RequestError } from "../../control-plane/api/problem.ts";
import { CommandedMesh } from "../../test/support/commanded-mesh.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { TestNode } from "../../test/support/test-node.ts";

const SLUICE = fileURLToPath(new URL("../sluice.js", import.meta.url));
const BAR = /[\u2588\u2591]/;

/** A call of the command, and everything that it writes to its terminal or its pipes, as it comes. */
function call(place: { readonly server: string; readonly token: string }, terminal: boolean, args: string) {
  const command = `${process.execPath} ${SLUICE} ${args}`;
  const environment = { PATH: process.env["PATH"], TERM: "xterm", SLUICE_SERVER: place.server };
  const options = { env: { ...environment, SLUICE_TOKEN: place.token } };
  // script (util-linux) gives it a terminal of its own.
  const [file, flags] = terminal
    ? (["script", ["-qefc", command, "/dev/null"]] as const)
    : (["sh", ["-c", command]] as const);
  const child = spawn(file, flags, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  let heard = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      heard.resolve();
    });
  const closed = once(child, "close").then(() => heard.resolve());
  const shows = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(text)) {
      if (child.exitCode !== null) throw new Error(`it ended without ${pattern}: ${JSON.stringify(text)}`);
      await heard.promise;
      heard = Promise.withResolvers();
    }
  };
  /** Presses Ctrl-C in its terminal. */
  const interrupt = (): void => void child.stdin.write("\x03");
  return { shows, text: () => text, closed, interrupt };
}

/** Takes an upload whole, and answers when told to. */
async function uploadServer(answer: Promise<void>) {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === "GET") return void response.end(JSON.stringify({ name: "tagger" }));
    await request.toArray();
    await answer;
    const problem = problemOf(new RequestError("too_large", "a test"));
    response.writeHead(problem.status, { "content-type": "application/problem+json" });
    return void response.end(JSON.stringify(problem));
  };
  const server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    place: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "sluice_x" },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("a terminal shows how far an upload is until it is answered; pipes show nothing of it", async () => {
  await using folder = await TemporaryFolder.create();
  const zip = await folder.write("tagger.zip", pluginZip());
  const shown = Promise.withResolvers<void>();
  await using server = await uploadServer(shown.promise);

  const seen = call(server.place, true, `plugin push ${zip}`);
  await seen.shows(/uploading tagger\.zip \u2588+ 100% of/);
  shown.resolve();
  await seen.closed;
  const piped = call(server.place, false, `plugin push ${zip}`);
  await piped.closed;

  expect(seen.text()).toContain("sluice: a test");
  expect(piped.text()).toBe("sluice: a test\n");
});

/** A control plane with one node, which has taken nothing yet. */
async function meshOfOne() {
  const mesh = await CommandedMesh.start();
  const nodeToken = await mesh.plane.token("node", { kind: "all" }, "web-1");
  const options = { token: nodeToken, hello: { cluster: "demo" } };
  const node = TestNode.greet(mesh.plane.ports.push, "web-1", options);
  await node.next("welcome");
  return {
    node,
    place: { server: mesh.plane.baseUrl, token: mesh.token },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await node[Symbol.asyncDispose]();
      await mesh[Symbol.asyncDispose]();
    },
  };
}

test("a terminal shows how many nodes are there yet; pipes get a line for each change", async () => {
  await using mesh = await meshOfOne();
  const { place, node } = mesh;

  const seen = call(place, true, "wait --cluster demo");
  const piped = call(place, false, "wait --cluster demo");
  await seen.shows(/waiting for demo .* 0 of 1 nodes synced/);
  await piped.shows(/^0 of 1 synced, 1 pending, 0 rejected\n/);
  await node.ackNext(3);
  await Promise.all([seen.closed, piped.closed]);

  expect(seen.text()).toMatch(BAR);
  expect(seen.text()).toMatch(/1 of 1 synced, 0 pending, 0 rejected\r\n/);
  expect(seen.text()).not.toContain("1 pending");
  expect(piped.text()).toMatch(/1 of 1 synced, 0 pending, 0 rejected\n$/);
  expect(piped.text()).not.toMatch(BAR);
});

test("a wait that is given up says in a terminal how far it came", async () => {
  await using mesh = await meshOfOne();

  const seen = call(mesh.place, true, "wait --cluster demo");
  await seen.shows(/waiting for demo .* 0 of 1 nodes synced/);
  seen.interrupt();
  await seen.closed;

  expect(seen.text()).toContain("0 of 1 synced, 1 pending, 0 rejected\r\n");
});
