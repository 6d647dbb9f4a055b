import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { TestControlPlane } from "../../test/support/control-plane.ts";
import { manifestText, pluginZip, rawZip } from "../../test/support/plugin-packages.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const LIMIT = 4 * MIB;
const VERSIONS = "/api/v1/plugins/tagger/versions";
const BOUNDARY = "x";
const TYPE = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
const START = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="package"; filename="a.zip"\r\n\r\n`;
const END = `\r\n--${BOUNDARY}--\r\n`;

let plane: TestControlPlane;
let authorization: string;
let before: Kept;

beforeAll(async () => {
  const settings = { packageBytes: LIMIT, uploadIdleTimeout: 1_000 };
  plane = await (await TestControlPlane.start({ settings })).withClusters();
  authorization = `Bearer ${await plane.token("admin")}`;
  const body = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await plane.admin.call("putPlugin", { params: { plugin: "tagger" }, body });
  await upload(pluginZip());
});
afterAll(async () => plane[Symbol.asyncDispose]());
beforeEach(async () => {
  await uploadsOver();
  before = await kept();
});

interface Kept {
  /** Path and digest of each file but the database's own, which hold the audit of refusals. */
  readonly files: readonly string[];
  readonly records: unknown;
}

/** An upload's own file is deleted right after its answer. */
async function uploadsOver(): Promise<void> {
  while ((await readdir(plane.folder.join("control-plane", "uploads"))).length > 0) await setImmediate();
}

/** All that an upload could leave: files anywhere in the data folder, and what the store has. */
async function kept(): Promise<Kept> {
  const folder = plane.folder.join("control-plane");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const files = paths
    .filter((path) => !/(store|lock)\.sqlite(-\w+)?$/.test(path))
    .map(async (path) => {
      const bytes = await readFile(path);
      return `${path.slice(folder.length)} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
    });
  const { admin } = plane;
  const params = { plugin: "tagger" };
  return {
    files: (await Promise.all(files)).toSorted(),
    records: [
      (await admin.call("health")).tick,
      await admin.call("listPlugins"),
      await admin.call("listVersions", { params }),
      await admin.call("listReleases"),
    ],
  };
}

/** What is on its way is deleted before the answer, or right after a connection that broke. */
async function expectAsBefore(): Promise<void> {
  await uploadsOver();
  expect(await kept()).toEqual(before);
}

interface Problem {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly problems?: readonly { readonly message: string }[];
}

async function upload(zip: Buffer): Promise<Problem> {
  const body = new Uint8Array(Buffer.concat([Buffer.from(START), zip, Buffer.from(END)]));
  const headers = { ...TYPE, authorization };
  const answer = await fetch(`${plane.baseUrl}${VERSIONS}`, { method: "POST", headers, body });
  const document = (await answer.json()) as Problem;
  if (answer.status === 200) return { status: 200 };
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  return document;
}

/** A package of version 2.0.0 with one more file. */
function withFile(content: Buffer, facts: { readonly uncompressedSize?: number } = {}): Buffer {
  return pluginZip({ version: "2.0.0" }, [{ name: "tagger/data.bin", content, ...facts }]);
}

/** A thousand zeros in a zip in a zip in a zip. */
function nested(levels: number): Buffer {
  let zip = rawZip([{ name: "zeros", content: Buffer.alloc(32 * MIB) }]);
  for (let level = 0; level < levels; level++) zip = rawZip([{ name: `zip-${level}.zip`, content: zip }]);
  return zip;
}

test.for([
  ["unpacks to far more than it is", withFile(Buffer.alloc(32 * MIB)), /pack|ratio|larger|times/],
  [
    "unpacks to more than it says",
    withFile(Buffer.alloc(32 * MIB), { uncompressedSize: 10 }),
    /size|larger|more/,
  ],
  [
    "has many files that unpack to more than all may have",
    pluginZip(
      { version: "2.0.0" },
      Array.from({ length: 270 }, (_, index) => ({
        name: `tagger/${index}`,
        content: Buffer.alloc(MIB - 1),
      })),
    ),
    /larger|more|at most/,
  ],
  ["is a zip in a zip and no package", nested(3), /folder|plugin\.yaml|pack/],
  ["is cut off", withFile(Buffer.from("x".repeat(10_000))).subarray(0, 300), /zip/],
  ["is of another plugin", pluginZip({ name: "other" }, [], "other"), /tagger/],
  [
    "has no script",
    rawZip([{ name: "tagger/plugin.yaml", content: manifestText({ version: "2.0.0" }) }]),
    /plugin\.js/,
  ],
] as const)(
  "a package that %s is refused with what is wrong, and everything is as before",
  async ([, zip, why]) => {
    expect(zip.length).toBeLessThan(LIMIT);

    const { status, code, detail, problems = [] } = await upload(zip);

    expect({ status, code }).toEqual({ status: 422, code: "invalid_input" });
    expect([detail, ...problems.map(({ message }) => message)].join("\n")).toMatch(why);
    await expectAsBefore();
  },
);

test("a zip in a package is a file like any other: nobody unpacks it", async () => {
  await using own = await (await TestControlPlane.start()).withClusters();
  const body = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await own.admin.call("putPlugin", { params: { plugin: "tagger" }, body });
  const zip = withFile(nested(2));
  const bytes = (async function* () {
    yield zip;
  })();

  const { size } = await own.admin.upload({ plugin: "tagger" }, { name: "a.zip", size: zip.length, bytes });

  expect(size).toBe(zip.length);
});

test("2 GiB that are announced are refused before a byte of them, and say what is taken", async () => {
  using peer = open(String(2 * KIB * MIB));

  expect(await peer.problem()).toMatchObject({
    status: 413,
    code: "too_large",
    detail: expect.stringMatching(/4 ?MiB/) as string,
  });
  await expectAsBefore();
});

test("2 GiB that come without being announced are refused at the limit, and take no more of the disk", async () => {
  using peer = open(undefined);
  peer.chunk(Buffer.from(START));
  const piece = Buffer.alloc(256 * KIB);
  const told = peer.problem();
  let sent = 0;
  const peerState = { answered: false };
  void told.then(() => (peerState.answered = true));
  while (!peerState.answered && sent < 2 * KIB * MIB) {
    peer.chunk(piece);
    sent += piece.length;
    if (peer.socket.writableNeedDrain)
      await Promise.race([once(peer.socket, "drain"), once(peer.socket, "close"), told]);
    await setImmediate();
  }

  expect(await told).toMatchObject({
    status: 413,
    code: "too_large",
    detail: expect.stringMatching(/4 ?MiB/) as string,
  });
  expect(sent).toBeLessThan(64 * MIB);
  await expectAsBefore();
});

test("an upload whose connection is cut in the middle leaves everything as before", async () => {
  {
    using peer = open(String(2 * MIB));
    peer.socket.write(START);
    peer.socket.write(withFile(Buffer.alloc(100_000, "x")));
    const folder = plane.folder.join("control-plane", "uploads");
    while ((await readdir(folder)).length === 0) await setImmediate();
  }
  await uploadsOver();
  expect(await kept()).toEqual(before);
});

test("an upload that says to be longer than it is gets a 408 that says so, and leaves everything as before", async () => {
  using peer = open(String(2 * MIB));
  peer.socket.write(START);
  peer.socket.write(withFile(Buffer.from("x")));
  peer.socket.write(END);

  expect(await peer.problem()).toMatchObject({ status: 408 });
  await expectAsBefore();
});

test("other bytes of a version that is there are a conflict that says what to do", async () => {
  const { status, code, detail } = await upload(pluginZip({ positions: ["response"] }));

  expect({ status, code }).toEqual({ status: 409, code: "conflict" });
  expect(detail).toMatch(/1\.0\.0.*other bytes|version/);
  await expectAsBefore();
});

test("of two uploads of one version at once with other bytes one is there, whole, and the other a conflict", async () => {
  const zips = ["request", "response"].map((position) =>
    pluginZip({ version: "3.0.0", positions: [position] }),
  );

  const answers = await Promise.all(zips.map(upload));

  expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(["200", "409"]);
  await uploadsOver();
  const after = await kept();
  const added = after.files.filter((file) => !before.files.includes(file));
  const winner = zips[answers.findIndex(({ status }) => status === 200)]!;
  const digest = createHash("sha256").update(winner).digest("hex");
  expect(added).toEqual([`/artifacts/${digest.slice(0, 2)}/${digest} ${winner.length} ${digest}`]);
  expect(before.files.filter((file) => !after.files.includes(file))).toEqual([]);
});

interface Peer extends Disposable {
  readonly socket: Socket;
  chunk(bytes: Buffer): void;
  /** The problem document that comes. */
  problem(): Promise<Problem>;
}

/** An upload by hand of so many bytes, or in chunks. */
function open(length: string | undefined): Peer {
  const socket = connect(plane.ports.api, "127.0.0.1");
  socket.on("error", () => undefined);
  const framing = length === undefined ? { "transfer-encoding": "chunked" } : { "content-length": length };
  const lines = Object.entries({ host: "x", authorization, ...TYPE, ...framing });
  socket.write(`POST ${VERSIONS} HTTP/1.1\r\n`);
  socket.write(`${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n`);
  return {
    socket,
    chunk: (bytes) => {
      if (!socket.writable) return;
      socket.write(`${bytes.length.toString(16)}\r\n`);
      socket.write(bytes);
      socket.write("\r\n");
    },
    problem: async () => {
      let text = "";
      while (!/\{.*\}/s.test(text)) text += String((await once(socket, "data"))[0]);
      return JSON.parse(/\{.*\}/s.exec(text)![0]) as Problem;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
