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
  const child = spawn(file, flags, { ...options, stdio: ["ignore", "pipe", "pipe"] });
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
  return { shows, text: () => text, closed };
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

test("a terminal shows how many nodes are there yet; pipes get a line for each change", async () => {
  await using mesh = await CommandedMesh.start();
  const { plane, token } = mesh;
  const nodeToken = await plane.token("node", { kind: "all" }, "web-1");
  await using node = TestNode.greet(plane.ports.push, "web-1", {
    token: nodeToken,
    hello: { cluster: "demo" },
  });
  await node.next("welcome");
  const place = { server: plane.baseUrl, token };

  const seen = call(place, true, "wait --cluster demo --timeout 200ms");
  await seen.shows(/waiting for demo .* 0 of 1 nodes synced/);
  await seen.closed;
  const piped = call(place, false, "wait --cluster demo --timeout 200ms");
  await piped.closed;

  expect(seen.text()).toMatch(BAR);
  expect(piped.text()).toBe("0 of 1 synced, 1 pending, 0 rejected\n");
});
