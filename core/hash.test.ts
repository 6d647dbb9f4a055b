import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BUCKETS, bucketOf, hashText } from "./hash.ts";

test("the hash is FNV-1a as published", () => {
  // Vectors of draft-eastlake-fnv.
  expect(hashText("")).toBe(0x811c9dc5);
  expect(hashText("a")).toBe(0xe40c292c);
  expect(hashText("foobar")).toBe(0xbf9cf968);
});

test("a hash goes on where another one stopped", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      expect(hashText(right, hashText(left))).toBe(hashText(left + right));
    }),
  );
});

test("buckets stay what they were in earlier releases, or a gray share of users would change", () => {
  const salt = hashText("chain/token-guard/");
  expect(["", "10.0.0.1", "10.0.0.2", "user-1"].map((key) => bucketOf(salt, key))).toEqual([
    1868, 8392, 2534, 2217,
  ]);
});

test.each(["10.0.0.", "user-", "session=000000000000"])(
  "keys that begin with %s fill buckets evenly",
  (prefix) => {
    const salt = hashText("chain/header-tag/");
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const tenth = Math.floor(bucketOf(salt, `${prefix}${i}`) / (BUCKETS / 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 2,000 expected with a standard deviation of 42.
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  },
);

test("different salts divide the same keys independently", () => {
  const [left, right] = [hashText("chain/a/"), hashText("chain/b/")];
  let both = 0;
  for (let i = 0; i < 20_000; i++)
    if (bucketOf(left, `user-${i}`) < 2_500 && bucketOf(right, `user-${i}`) < 2_500) both++;
  // 1,250 expected with a standard deviation of 34.
  expect(Math.abs(both - 1_250)).toBeLessThan(200);
});
