import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { problemOf } from "../control-plane/api/problem.ts";
import { calledCommand, type CalledCommand } from "../test/support/called-command.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";

/** Reads a log from a server that answers with this. */
async function readLog(type: string, text: string, ...flags: readonly string[]): Promise<CalledCommand> {
  await using folder = await TemporaryFolder.create();
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": type, "x-request-id": "request-7" });
    // Text without a length that ends without its end is cut; a stream of events may end anywhere.
    response.write(text, () => (type === "text/plain" ? response.destroy() : response.end()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = (server.address() as AddressInfo).port;
  const place = { server: `http://127.0.0.1:${port}`, token: "sluice_x", directory: folder.path };
  const ended = await calledCommand(place, "logs", "plugin", "tagger", "--node", "web-1", ...flags);
  server.close();
  return ended;
}

test("a log that breaks off says so, and by which request the control plane's log knows it", async () => {
  const { code, stderr } = await readLog("text/plain", "first\n");

  expect(code).toBe(6);
  expect(stderr).toMatch(/^sluice: the answer .* was cut off.*\n {2}request request-7\n$/);
});

test("a followed log that ends by a mistake of the control plane's ends with it", async () => {
  const problem = JSON.stringify(problemOf(new TypeError("a mistake of ours")));
  const text = `data: first\n\nevent: problem\ndata: ${problem}\n\n`;

  const { code, stdout, stderr } = await readLog("text/event-stream", text, "--follow");

  expect([code, stdout]).toEqual([1, "first\n"]);
  expect(stderr).toBe(
    "sluice: the control plane's log says more, by this request's id\n  request request-7\n",
  );
});
