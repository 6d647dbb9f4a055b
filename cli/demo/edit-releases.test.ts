import { expect, test } from "vitest";

import type { StageContent } from "../../control-plane/snapshot/node-snapshot.ts";
import { DemoPlane } from "../../test/support/demo-plane.ts";
import type { TestNode } from "../../test/support/test-node.ts";
import type { EditReleases, UploadedVersion } from "./edit-releases.ts";

const last = (): boolean => false;

interface Started {
  readonly plane: DemoPlane;
  readonly releases: EditReleases;
  readonly versions: readonly [UploadedVersion, UploadedVersion];
}

/** With two versions of tagger, of which none is released. */
async function started(): Promise<Started> {
  const plane = await DemoPlane.start();
  const packages = plane.packages();
  const first = await packages.bring(await plane.write("1.0.0"));
  const second = await packages.bring(await plane.write("1.0.0", "edited"));
  plane.said.length = 0;
  return { plane, releases: plane.releases(), versions: [first!, second!] };
}

/** The same, released one behind the other: the second is in force. */
async function bothReleased(): Promise<Started> {
  const begun = await started();
  const { plane, releases, versions } = begun;
  for (const [before, version] of versions.entries()) {
    await releases.begin(version, last);
    await expect.poll(() => plane.said).toHaveLength(before + 1);
  }
  return begun;
}

/** Refuses the package that it is to hold. */
async function refuse(node: TestNode, reason: string): Promise<void> {
  for (;;) {
    const resource = await node.next("resource");
    node.ack(resource);
    if (resource.type !== "STAGE") continue;
    const [named] = (JSON.parse(String(resource.content)) as StageContent).packages;
    if (named !== undefined) return node.stage(named.plugin, named.version, named.digest, "INVALID", reason);
  }
}

test("an edit is in force everywhere, and is told when it is", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;

  await releases.begin(versions[0], last);

  await expect.poll(() => plane.said).toEqual(["tagger@1.0.0 is in force\n"]);
  expect(await plane.released()).toEqual(["1.0.0 ACTIVE"]);
});

test("what was edited and never released was missed, and so was an edit that was taken back", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;
  const [first, second] = versions;

  expect(await releases.missed([first])).toBeUndefined();
  expect(await releases.missed([second])).toEqual(second);
  await releases.begin(second, last);
  await expect.poll(() => plane.said).toHaveLength(1);

  expect(await releases.missed([second])).toBeUndefined();
  expect(await releases.missed([first])).toEqual(first);
});

test("what people have rolled back, or release themselves, was not missed", async () => {
  const { plane, releases, versions } = await bothReleased();
  await using _ = plane;
  const [first, second] = versions;

  const params = { release: 2 };
  await plane.ops.call("rollBackRelease", { params, body: { note: "it is slow" } });

  expect(await releases.missed([second])).toBeUndefined();
  await plane.ask(second.version, "by hand");
  expect(await releases.missed([second])).toBeUndefined();
  expect(await releases.missed([first])).toBeUndefined();
});

test("an edit that was refused hides no older one to which somebody went back, and is not tried again", async () => {
  const { plane, releases, versions } = await bothReleased();
  await using _ = plane;
  const [first, second] = versions;
  const third = await plane.packages("tagger").bring(await plane.write("1.0.0", "refused"));
  const { id } = await plane.ask(third!.version);
  await plane.dev.call("cancelRelease", { params: { release: id }, body: { note: "a node refuses it" } });

  expect(await releases.missed([first])).toEqual(first);
  expect(await releases.missed([second])).toBeUndefined();
  expect(await releases.missed([third!])).toBeUndefined();
});

test("where two packages hold one plugin, nothing was missed as long as one of them is in force", async () => {
  const { plane, releases, versions } = await bothReleased();
  await using _ = plane;
  const [first, second] = versions;
  const exchanged = { plugin: "tagger", version: "2.0.0" };

  expect(await releases.missed([first, second])).toBeUndefined();
  expect(await releases.missed([first, exchanged])).toEqual(exchanged);
});

test("what is in force already is not released again, what was in force before is", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;
  const [first, second] = versions;
  await releases.begin(first, last);
  await expect.poll(() => plane.said).toHaveLength(1);

  await releases.begin(first, last);
  expect(await plane.released()).toHaveLength(1);
  await releases.begin(second, last);
  await releases.begin(first, last);

  await expect.poll(() => plane.said).toHaveLength(3);
  expect(await plane.released()).toEqual([
    "1.0.0 ACTIVE",
    `${second.version} SUPERSEDED`,
    "1.0.0 SUPERSEDED",
  ]);
});

test("an edit behind which another has come is not released", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;

  await releases.begin(versions[0], () => true);

  expect(await plane.released()).toEqual([]);
});

test("an edit that was left on its way does not stand in the way of the next", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;
  const left = await plane.ask("1.0.0");

  await releases.begin(versions[1], last);

  await expect.poll(() => plane.said).toHaveLength(1);
  expect(await plane.released()).toEqual([`${versions[1].version} ACTIVE`, "1.0.0 CANCELLED"]);
  const { release } = await plane.dev.call("getRelease", { params: { release: left.id } });
  expect(release.reason).toBe("another edit has come");
});

test("a release that somebody asked for by hand is left alone", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;
  await plane.ask("1.0.0", "mine");

  await expect(releases.begin(versions[1], last)).rejects.toThrow("is PENDING_APPROVAL");

  expect(await plane.released()).toEqual(["1.0.0 PENDING_APPROVAL"]);
});

test("what a node refuses is told with the reason and given up", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;
  const node = await plane.node();
  await releases.begin(versions[0], last);

  await refuse(node, "it does not compile");

  await expect
    .poll(() => plane.said)
    .toEqual([
      "tagger@1.0.0 is not in force: demo-1 refuses it and goes on as before: it does not compile\n",
    ]);
  await expect.poll(() => plane.released()).toEqual(["1.0.0 CANCELLED"]);
});

test("when the demo has ended nothing is released any more", async () => {
  const { plane, releases, versions } = await started();
  await using _ = plane;

  releases[Symbol.dispose]();
  await releases.begin(versions[0], last);

  expect(await plane.released()).toEqual([]);
});
