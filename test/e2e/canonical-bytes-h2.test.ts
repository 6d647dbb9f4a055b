import { afterAll, beforeAll, expect, test } from "vitest";

import { H2_ARRIVING, H2_REFUSED, H2_LYING } from "../smuggling/h2-requests.ts";
import { WatchedMesh } from "../smuggling/watched-mesh.ts";
import { FLAG, FRAME, headers } from "../support/http2-frames.ts";
import { Http2Peer, type ReceivedFrame } from "../support/http2-peer.ts";

let front: WatchedMesh;

beforeAll(async () => {
  front = await WatchedMesh.start(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", {
    appProtocol: "http1",
  });
});

afterAll(async () => {
  await front[Symbol.asyncDispose]();
});

const END = FLAG.endHeaders | FLAG.endStream;

test.for(H2_REFUSED)("refused: $name", async ({ fields }) => {
  let answer = "";
  const watched = await front.watch(async () => {
    await using peer = await Http2Peer.connect(front.mesh.inbound);
    peer.begin(headers(1, fields, END));
    answer = await answerOf(peer);
  });

  expect(watched).toEqual({ requests: [], stray: "", violations: [] });
  expect(answer).toBe("refused");
});

test.for(H2_LYING)("cut: $name", async ({ fields, frames }) => {
  let answer = "";
  const watched = await front.watch(async () => {
    await using peer = await Http2Peer.connect(front.mesh.inbound);
    peer.begin(headers(1, fields, FLAG.endHeaders), ...frames);
    answer = await answerOf(peer);
  });

  expect(watched).toMatchObject({ requests: [], violations: [] });
  expect(answer).toBe("refused");
});

test.for(H2_ARRIVING)("one request: $name", async ({ fields, frames, as }) => {
  let answer = "";
  const watched = await front.watch(async () => {
    await using peer = await Http2Peer.connect(front.mesh.inbound);
    peer.begin(headers(1, fields, frames.length === 0 ? END : FLAG.endHeaders), ...frames);
    answer = await answerOf(peer);
  });

  expect(watched).toEqual({ requests: [as], stray: "", violations: [] });
  expect(answer).toBe("200");
});

/** `200` (a HEADERS frame whose first field is index 8 of HPACK's table), or `refused` by any other answer. */
async function answerOf(peer: Http2Peer): Promise<string> {
  const ends = ({ type, stream }: ReceivedFrame): boolean =>
    (stream === 1 && (type === FRAME.headers || type === FRAME.resetStream)) || type === FRAME.goaway;
  const { type, payload } = await peer.frame(ends);
  return type === FRAME.headers && payload[0] === 0x88 ? "200" : "refused";
}
