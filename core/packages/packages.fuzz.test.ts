import { readdir } from "node:fs/promises";

import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  jsonValue,
  nat,
  oneof,
  property,
  record,
  string,
  tuple,
  uint8Array,
} from "fast-check";
import { test } from "vitest";

import { InputError } from "../errors.ts";
import { manifestText, pluginZip, rawZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./archive-limits.ts";
import { parseManifest } from "./manifest-schema.ts";
import { PackageCache } from "./package-cache.ts";

const LIMITS = { ...DEFAULT_ARCHIVE_LIMITS, total: 2 ** 20, entry: 2 ** 19, entries: 50 };

/** Adds a zip to a cache: whether it was taken or refused by an `InputError`, with no more on disk than that says. */
async function holds(folder: TemporaryFolder, zip: Buffer): Promise<boolean> {
  const cache = new PackageCache(folder.join("cache"), LIMITS);
  const outcome = await cache.add("fuzz.zip", zip).catch((thrown: unknown) => thrown);
  const cached: readonly string[] = await readdir(folder.join("cache")).catch(() => []);
  const outside = (await readdir(folder.path)).filter((name) => name !== "cache");
  if (outside.length > 0 || cached.some((name) => name.startsWith(".unpacking-"))) return false;
  return outcome instanceof InputError || cached.includes((outcome as { readonly digest: string }).digest);
}

test("a valid zip with bytes changed, cut out or put in is taken or refused, never anything else", async () => {
  await using folder = await TemporaryFolder.create();
  const valid = pluginZip({}, [{ name: "tagger/README.md", content: "# tagger\n".repeat(50) }]);
  const change = record({
    at: nat({ max: valid.length - 1 }),
    cut: nat({ max: 8 }),
    bytes: uint8Array({ maxLength: 8 }),
  });

  await assert(
    asyncProperty(array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      let zip = valid;
      for (const { at, cut, bytes } of changes)
        zip = Buffer.concat([zip.subarray(0, at), bytes, zip.subarray(at + cut)]);
      return holds(folder, zip);
    }),
    { numRuns: 700 },
  );
});

test("a zip of any entries at all is taken or refused, and nothing lands outside the cache", async () => {
  await using folder = await TemporaryFolder.create();
  const part = oneof(
    constantFrom("..", ".", "", "tagger", "bin", "plugin.yaml", "C:", "\\", "a\0b"),
    string({ maxLength: 5, unit: "binary" }),
  );
  const entry = record(
    {
      name: array(part, { maxLength: 5 }).map((parts) => parts.join("/")),
      content: oneof(constant(manifestText()), string({ maxLength: 20 })),
      mode: nat({ max: 0o177777 }),
      flags: constantFrom(0, 1, 0x800, 0x2000, 0xffff),
      method: constantFrom(0, 8, 12),
      uncompressedSize: nat({ max: 0xffffffff }),
    },
    { requiredKeys: ["name", "content"] },
  );

  await assert(
    asyncProperty(array(entry, { maxLength: 6 }), (entries) => holds(folder, rawZip(entries))),
    { numRuns: 700 },
  );
});

test("any text as manifest is read or refused", () => {
  const value = jsonValue({ maxDepth: 2 });
  const key = constantFrom(
    "name",
    "version",
    "entry",
    "address",
    "positions",
    "timeout",
    "memory",
    "__proto__",
  );
  const texts = oneof(
    string({ unit: "binary" }),
    tuple(key, value).map(([name, changed]) => manifestText({ [name]: changed })),
    tuple(nat({ max: 150 }), string({ maxLength: 5 })).map(([at, text]) => {
      const valid = manifestText();
      return valid.slice(0, at) + text + valid.slice(at + 1);
    }),
  );

  const isReadOrRefused = (text: string): boolean => {
    try {
      return parseManifest("plugin.yaml", text).positions.length > 0;
    } catch (thrown) {
      return thrown instanceof InputError && thrown.problems.length > 0;
    }
  };

  assert(property(texts, isReadOrRefused), { numRuns: 5_000 });
});
