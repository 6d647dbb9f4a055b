import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";

import { array, assert, asyncProperty, nat, record, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { badPackages } from "../../test/support/bad-packages.ts";
import { person, pluginIn } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import type { Artifacts } from "../artifacts/artifacts.ts";
import type { Actor } from "../model/actor.ts";
import { uploadVersion } from "./upload-version.ts";

const dana = person("dana");
const root: Actor = { ...person("root"), grants: [{ role: "admin", scope: { kind: "all" } }] } as Actor;

test("an upload is a version with its manifest, schema and readme, and its bytes are an artifact", async () => {
  await using catalogue = await openedCatalogue();
  const schema = { type: "object", properties: { limit: { type: "integer" } } };
  const zip = pluginZip({}, [
    { name: "tagger/config.schema.json", content: JSON.stringify(schema) },
    { name: "tagger/README.md", content: "# Tagger" },
  ]);

  const version = await catalogue.upload(dana, zip);

  expect(version).toMatchObject({
    plugin: "tagger",
    version: "1.0.0",
    digest: createHash("sha256").update(zip).digest("hex"),
    size: zip.length,
    manifest: { name: "tagger", failurePolicy: "open" },
    configSchema: schema,
    readme: "# Tagger",
    uploader: "dana",
    uploadedAt: catalogue.clock.wall(),
    approval: "PENDING",
  });
  expect(await buffer(await catalogue.artifacts.read(version.digest))).toEqual(zip);
  expect(await catalogue.files()).toEqual([version.digest]);
});

test("the same bytes again are answered as before and change nothing", async () => {
  await using catalogue = await openedCatalogue();
  const first = await catalogue.upload(dana, pluginZip());
  catalogue.clock.advance(1_000);

  expect(await catalogue.upload(root, pluginZip())).toEqual(first);

  expect(await catalogue.store.read(async ({ tick }) => tick)).toBe(first.revision);
});

test("other bytes of a version that exists are refused, and the disk is as before", async () => {
  await using catalogue = await openedCatalogue();
  const first = await catalogue.upload(dana, pluginZip());

  const other = catalogue.upload(dana, pluginZip({}, [{ name: "tagger/README.md", content: "other" }]));

  await expect(other).rejects.toMatchObject({ code: "conflict" });
  await expect(other).rejects.toThrow(/a version never changes/);
  expect(await catalogue.files()).toEqual([first.digest]);
});

test("two uploads of one version with other bytes at a time: one wins, whole", async () => {
  await using catalogue = await openedCatalogue();
  const zips = Array.from({ length: 6 }, (_, index) =>
    pluginZip({}, [{ name: "tagger/README.md", content: `upload ${index}` }]),
  );

  const outcomes = await Promise.allSettled(zips.map((zip) => catalogue.upload(dana, zip)));

  const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(won).toHaveLength(1);
  const lost = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(lost.map(({ reason }) => (reason as { code?: string }).code)).toEqual(Array(5).fill("conflict"));
  expect(await catalogue.files()).toEqual([won[0]?.value.digest]);
});

test("only owners and admins upload", async () => {
  await using catalogue = await openedCatalogue();

  const foreign = catalogue.upload(person("mallory"), pluginZip());

  await expect(foreign).rejects.toMatchObject({ code: "forbidden" });
  await expect(foreign).rejects.toThrow("its owners are dana");
  await expect(catalogue.upload(root, pluginZip())).resolves.toMatchObject({ uploader: "root" });
});

test("a package of another plugin, or of none that is known, is refused", async () => {
  await using catalogue = await openedCatalogue();

  const other = catalogue.upload(dana, pluginZip({ name: "other" }, [], "other"));
  await expect(other).rejects.toMatchObject({ code: "invalid_input" });
  const unknown = catalogue.upload(dana, pluginZip(), "taggre");
  await expect(unknown).rejects.toThrow('there is no plugin taggre, did you mean "tagger"?');
});

test.for(badPackages().filter(({ name }) => !/throws|no-execute/.test(name)))(
  "a bad package is refused and leaves nothing: $name",
  async ({ zip }) => {
    await using catalogue = await openedCatalogue();
    const { store } = catalogue;
    await store.change(dana, "plugin.write", ({ plugins }) => plugins.insert(pluginIn("pay", "steady")));

    await expect(catalogue.upload(dana, zip, "steady")).rejects.toMatchObject({ code: "invalid_input" });

    expect(await catalogue.files()).toEqual([]);
    expect(await store.read(async ({ tick }) => tick)).toBe(2);
  },
);

test("an upload for which there is no room is refused, and the disk is as before", async () => {
  await using catalogue = await openedCatalogue(100);

  await expect(catalogue.upload(dana, pluginZip())).rejects.toMatchObject({ code: "insufficient_storage" });

  expect(await catalogue.files()).toEqual([]);
});

test("cut and changed zips are taken or refused as invalid, and nothing else stays on the disk", async () => {
  await using catalogue = await openedCatalogue();
  const valid = pluginZip({}, [{ name: "tagger/README.md", content: "# tagger\n".repeat(50) }]);
  const change = record({
    at: nat({ max: valid.length }),
    cut: nat({ max: valid.length }),
    bytes: uint8Array({ maxLength: 8 }),
  });

  await assert(
    asyncProperty(array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      let zip: Buffer = valid;
      for (const { at, cut, bytes } of changes)
        zip = Buffer.concat([zip.subarray(0, at), bytes, zip.subarray(at + cut)]);
      const outcome = await catalogue.upload(dana, zip).then(
        () => "taken",
        (thrown: { code?: string }) => thrown.code ?? "an error without a code",
      );
      expect(["taken", "invalid_input", "conflict"]).toContain(outcome);
    }),
    { numRuns: 60 },
  );

  expect((await catalogue.files()).length).toBeLessThanOrEqual(1);
});

test("who is no owner any more when the bytes have come has no version of them", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock, folder, artifacts } = catalogue;
  const zip = pluginZip();
  const path = await folder.write("received/zip", zip);
  const losesOwner: Pick<Artifacts, "put" | "collect"> = {
    collect: (referenced) => artifacts.collect(referenced),
    put: async (bytes, size) => {
      await store.change(root, "plugin.write", async ({ plugins }) => {
        const plugin = await plugins.get("tagger");
        if (plugin !== undefined) await plugins.update({ ...plugin, owners: ["erin"] });
      });
      return artifacts.put(bytes, size);
    },
  };

  const upload = { plugin: "tagger", path, size: zip.length, note: "" };
  const context = { store, artifacts: losesOwner as Artifacts, clock, scratch: folder.join("scratch") };

  await expect(uploadVersion(context, dana, upload)).rejects.toMatchObject({ code: "forbidden" });
  expect(await store.read(({ versions }) => versions.list({}, { limit: 10 }))).toMatchObject({ items: [] });
});
