import type { LookupAddress } from "node:dns";

import { expect, test } from "vitest";

import { guardedLookup } from "./webhook-address.ts";

/** What a socket would be given for a name that is at these addresses: all of them, or the first. */
function resolved(all: boolean, ...addresses: readonly string[]): unknown {
  const found = addresses.map((address): LookupAddress => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  let given: unknown;
  const lookup = guardedLookup((_name, _options, done) => done(null, found));
  lookup("receiver.example", { all }, (failure, address) => void (given = failure?.message ?? address));
  return given;
}

test.for(["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "100.100.100.200", "0.0.0.0"])(
  "a name that is at %s is not called, whatever it looks like",
  (address) => {
    for (const all of [true, false])
      expect(resolved(all, address)).toBe("receiver.example is at an address that is never called");
  },
);

test("of several addresses those are called that may be", () => {
  expect(resolved(true, "169.254.169.254", "10.0.0.7", "fe80::1")).toEqual([
    { address: "10.0.0.7", family: 4 },
  ]);
  expect(resolved(false, "169.254.169.254", "10.0.0.7")).toBe("10.0.0.7");
});
