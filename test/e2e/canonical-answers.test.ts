import { afterAll, beforeAll, expect, test } from "vitest";

import { ANSWER_CASES } from "../smuggling/app-answers.ts";
import { WatchedMesh } from "../smuggling/watched-mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";

const OWN = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 3\r\n\r\nown";

let front: WatchedMesh;

beforeAll(async () => {
  front = await WatchedMesh.start((request, connection) => {
    const number = /^[A-Z]+ \/case\/(\d+) /.exec(request)?.[1];
    const found = ANSWER_CASES[Number(number)];
    if (found?.closes === true) connection.socket.end(Buffer.from(found.bytes, "latin1"));
    return found === undefined ? OWN : found.closes ? "" : found.bytes;
  });
});

afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const NUMBERED = ANSWER_CASES.map((each, number) => ({ ...each, number }));

/** An answer of the sidecar's own, without its body, which HEAD does not get. */
const INVALID =
  "HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/problem+json\r\nx-mesh-error: upstream_invalid\r\n";

test.for(NUMBERED)("$method: $name", async (each) => {
  let heard = "";
  const watched = await front.watch(async () => {
    await using client = await RawSocket.connect(front.mesh.inbound);
    client.write(request(each.method, `/case/${each.number}`));
    if (each.kept) client.write(request("GET", "/own"));
    heard = each.kept ? await client.until((received) => received.endsWith(OWN)) : await client.untilEnd();
  });

  expect(watched.requests).toHaveLength(each.kept ? 2 : 1);
  const dateless = heard.replace(NEW_DATE, "");
  expect(withoutProblem(dateless)).toBe((each.client ?? INVALID) + (each.kept ? OWN : ""));
  // RFC 9110 §6.6.1: what is final and came without a Date has one now.
  expect(heard !== dateless).toBe(each.client !== "");
});

const NEW_DATE = /^Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 2\d{3} \d\d:\d\d:\d\d GMT\r\n/m;

function request(method: string, target: string): string {
  return `${method} ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
}

function withoutProblem(received: string): string {
  return received.replace(
    /(x-mesh-error: upstream_invalid\r\n)Content-Length: \d+\r\n\r\n(?:\{.*\n|(?=HTTP))/,
    "$1",
  );
}
