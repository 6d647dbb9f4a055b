import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { FileArtifacts } from "./file-artifacts.ts";

const LIMIT = 1_000;
const QUOTA = 2_000;
const PACKAGE = Buffer.from("the bytes of a package");
const DIGEST = createHash("sha256").update(PACKAGE).digest("hex");

async function* chunks(...parts: readonly (Uint8Array | Error)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}

async function filesIn(folder: TemporaryFolder): Promise<readonly string[]> {
  const entries = await readdir(folder.path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test("bytes are found by their digest, whole and in parts", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);

  const arrived = await artifacts.put(chunks(PACKAGE.subarray(0, 5), PACKAGE.subarray(5)), LIMIT);

  expect(arrived).toMatchObject({ digest: DIGEST, size: PACKAGE.length });
  expect(await artifacts.size(DIGEST)).toBe(PACKAGE.length);
  expect(await buffer(await artifacts.read(DIGEST))).toEqual(PACKAGE);
  expect(await buffer(await artifacts.read(DIGEST, { start: 4, end: 8 }))).toEqual(PACKAGE.subarray(4, 9));
});

test.for(["0".repeat(64), "../../etc/passwd", "", DIGEST.toUpperCase()])(
  "what is not there or no digest is not found: %s",
  async (digest) => {
    await using folder = await TemporaryFolder.create();
    const artifacts = await FileArtifacts.open(folder.path, QUOTA);
    await artifacts.put(chunks(PACKAGE), LIMIT);

    expect(await artifacts.size(digest)).toBeUndefined();
    await expect(artifacts.read(digest)).rejects.toMatchObject({ code: "not_found" });
  },
);

test("an upload that breaks off, is too large or goes over the quota leaves the disk as before", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  const before = await filesIn(folder);

  await expect(artifacts.put(chunks(PACKAGE, new Error("gone")), LIMIT)).rejects.toThrow("gone");
  const large = artifacts.put(chunks(Buffer.alloc(LIMIT), Buffer.alloc(1)), LIMIT);
  await expect(large).rejects.toMatchObject({ code: "too_large" });
  await artifacts.put(chunks(Buffer.alloc(LIMIT, 1)), LIMIT);
  const second = artifacts.put(chunks(Buffer.alloc(LIMIT, 2), Buffer.alloc(1)), LIMIT + 1);
  await expect(second).rejects.toMatchObject({ code: "insufficient_storage" });

  expect(await filesIn(folder)).toHaveLength(before.length + 1);
  await expect(artifacts.put(chunks(Buffer.alloc(LIMIT, 2)), LIMIT)).resolves.toMatchObject({ size: LIMIT });
});

test("the same bytes again take no more of the quota", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  for (let time = 0; time < 5; time++) await artifacts.put(chunks(Buffer.alloc(900, 1)), LIMIT);
  const reopened = await FileArtifacts.open(folder.path, QUOTA);

  await expect(reopened.put(chunks(Buffer.alloc(1_000, 2)), LIMIT)).resolves.toMatchObject({ size: 1_000 });
  await expect(reopened.put(chunks(Buffer.alloc(1_000, 3)), LIMIT)).rejects.toMatchObject({
    code: "insufficient_storage",
  });
});

test("what a process that died was writing is cleared away at the start", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("incoming/half-a-package", "half");
  await FileArtifacts.open(folder.path, QUOTA);

  expect(await filesIn(folder)).toEqual([]);
});

test("bytes that are not those of their digest are never handed out, and reported", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  await artifacts.put(chunks(PACKAGE), LIMIT);
  await buffer(await artifacts.read(DIGEST));
  const damaged = PACKAGE.toString().replace("bytes", "BYTES");
  await writeFile(folder.join(DIGEST.slice(0, 2), DIGEST), damaged);
  const reported: string[] = [];
  artifacts.onMismatch((digest) => reported.push(digest));

  await expect(artifacts.read(DIGEST)).rejects.toMatchObject({ code: "unavailable" });
  await expect(artifacts.read(DIGEST, { start: 0, end: 2 })).rejects.toMatchObject({ code: "unavailable" });
  expect(reported).toEqual([DIGEST, DIGEST]);

  await artifacts.put(chunks(PACKAGE), LIMIT);
  expect(await buffer(await artifacts.read(DIGEST))).toEqual(PACKAGE);
});

test("a collection deletes what nothing refers to, and lets a reader finish", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  for (const bytes of [PACKAGE, Buffer.from("kept")]) {
    using _arrived = await artifacts.put(chunks(bytes), LIMIT);
  }
  const kept = createHash("sha256").update("kept").digest("hex");
  const reading = await artifacts.read(DIGEST);

  expect(await artifacts.collect(async () => new Set([kept]))).toEqual([DIGEST]);

  expect(await buffer(reading)).toEqual(PACKAGE);
  expect(await artifacts.size(DIGEST)).toBeUndefined();
  expect(await artifacts.size(kept)).toBe(4);
});

test("a collection spares what an upload is just bringing, before and after it is referred to", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  const held = await artifacts.put(chunks(PACKAGE), LIMIT);
  expect(await artifacts.collect(async () => new Set())).toEqual([]);
  held[Symbol.dispose]();

  // References are read before the upload is accepted: the digest is not among them, and yet must stay.
  const collected = await artifacts.collect(async () => {
    using _arrived = await artifacts.put(chunks(PACKAGE), LIMIT);
    return new Set();
  });

  expect(collected).toEqual([]);
  expect(await artifacts.collect(async () => new Set())).toEqual([DIGEST]);
});

test("two uploads of the same bytes at a time are one artifact", async () => {
  await using folder = await TemporaryFolder.create();
  const artifacts = await FileArtifacts.open(folder.path, QUOTA);
  const both = await Promise.all([1, 2].map(() => artifacts.put(chunks(PACKAGE), LIMIT)));

  expect(both.map(({ digest }) => digest)).toEqual([DIGEST, DIGEST]);
  both[0]?.[Symbol.dispose]();
  expect(await artifacts.collect(async () => new Set())).toEqual([]);
});
