import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";

import { HIDDEN_CODINGS, PEER_CASES } from "../smuggling/peer-suites.ts";
import { CHUNK_CASES } from "../smuggling/request-chunks.ts";
import { FRAMING_CASES } from "../smuggling/request-framing.ts";
import { HEAD_CASES } from "../smuggling/request-heads.ts";
import { type Outcome, SMUGGLED, type SmugglingCase } from "../smuggling/outcome.ts";
import { type Watched, WatchedMesh } from "../smuggling/watched-mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";

const CASES = [...HEAD_CASES, ...FRAMING_CASES, ...CHUNK_CASES, ...PEER_CASES];

/** Longer ones say the same in one piece, and a packet for each byte takes its time. */
const BYTE_BY_BYTE = CASES.filter(({ bytes }) => bytes.length < 400);

let front: WatchedMesh;

beforeAll(async () => {
  front = await WatchedMesh.start((request) => {
    const target = request.split(" ")[1] ?? "";
    return `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
  });
});

afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

test("the corpus is one, and its names tell its cases apart", () => {
  expect(CASES.length).toBeGreaterThan(200);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

test.for(CASES)("in one piece: $name", async (each) => {
  const seen = await tried(each, async (client, bytes) => client.write(bytes));

  expect(seen).toEqual(due(each.outcome));
});

test.for(BYTE_BY_BYTE)("byte by byte: $name", async (each) => {
  const seen = await tried(each, async (client, bytes) => {
    for (const byte of bytes) {
      if (client.socket.destroyed || client.socket.readableEnded) return;
      client.write(byte);
      await turn();
    }
  });

  expect(seen).toEqual(due(each.outcome));
});

const REFUSED = CASES.filter(
  ({ outcome }) => outcome.requests.length === 0 && outcome.connection === "closed" && !outcome.part,
);

test.for(REFUSED)("at the outbound listener: $name", async (each) => {
  const seen = await tried(each, async (client, bytes) => client.write(bytes), front.mesh.outbound);

  expect(seen).toEqual(due(each.outcome));
});

test.for([400, 414, 417, 431, 501, 505])(
  "a refusal with %i is an answer of one's own, whole and the last",
  async (status) => {
    const [example] = REFUSED.filter(({ outcome }) => outcome.statuses[0] === status);
    await using client = await RawSocket.connect(front.mesh.inbound);
    client.write(example?.bytes ?? "");

    const [head = "", body = "", ...more] = (await client.untilEnd()).split("\r\n\r\n");

    expect(more).toEqual([]);
    expect(JSON.parse(body)).toMatchObject({ status });
    const fields = head
      .split("\r\n")
      .slice(1)
      .map((line) => line.toLowerCase());
    expect(fields.toSorted()).toEqual([
      "connection: close",
      `content-length: ${body.length}`,
      "content-type: application/problem+json",
      expect.stringMatching(/^date: .* gmt$/),
      expect.stringMatching(/^x-mesh-error: [a-z_]+$/),
    ]);
  },
);

test("a coding that is hidden by any byte beside it never passes with a length", async () => {
  const passed: string[] = [];
  const { requests, stray } = await front.watch(async () => {
    for (const bytes of HIDDEN_CODINGS) {
      await using client = await RawSocket.connect(front.mesh.inbound);
      client.write(bytes);
      if (!(await client.untilEnd()).startsWith("HTTP/1.1 400 ")) passed.push(bytes);
    }
  });

  expect({ requests, stray, passed }).toEqual({ requests: [], stray: "", passed: [] });
});

interface Seen extends Watched {
  readonly statuses: readonly number[];
}

function due({ statuses, requests }: Outcome): Seen {
  return { statuses, requests, stray: "", violations: [] };
}

type Delivery = (client: RawSocket, bytes: string) => Promise<void>;

/** Sends a case and waits for all that it is owed. */
async function tried(
  { bytes, outcome }: SmugglingCase,
  deliver: Delivery,
  port = front.mesh.inbound,
): Promise<Seen> {
  let statuses: readonly number[] = [];
  const watched = await front.watch(async () => {
    await using client = await RawSocket.connect(port);
    // Whoever reads on behind what was refused comes upon a whole request.
    await deliver(client, outcome.connection === "closed" ? bytes + SMUGGLED : bytes);
    if (outcome.connection === "half-closed") client.socket.end();
    const answered = (received: string): boolean => statusesIn(received).length >= outcome.statuses.length;
    if (outcome.connection === "kept") await client.until(answered);
    else await client.untilEnd();
    statuses = statusesIn(client.received);
  });
  return { ...watched, statuses, stray: outcome.part ? "" : watched.stray };
}

function statusesIn(received: string): number[] {
  const all = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  return all.filter((status) => status >= 200);
}
