import { expect, test } from "vitest";

import { formatAddress, parseAddress } from "./address.ts";

test.each([
  ["127.0.0.1:15101", { host: "127.0.0.1", port: 15_101 }],
  ["[::1]:80", { host: "::1", port: 80 }],
  ["app.internal:0", { host: "app.internal", port: 0 }],
])("%s is read and written back", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(text);
});

test.each(["", "80", ":80", "::1:80", "a:65536", "a:", "a:-1", "a b:1", "http://a:1", "a:1/"])(
  "%j is no address",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);
