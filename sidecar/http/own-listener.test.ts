import { hostname, networkInterfaces } from "node:os";
import { expect, test } from "vitest";

import { leadsTo } from "./own-listener.ts";

function hostsThatLeadTo(listening: string, hosts: readonly string[]): string[] {
  return hosts.filter((host) => leadsTo({ host, port: 15_102 }, { host: listening, port: 15_102 }));
}

const LOCAL = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "::ffff:127.0.0.1",
  "0.0.0.0",
  "::",
  "localhost",
  "LocalHost.",
  "app.localhost",
];
const ELSEWHERE = ["192.0.2.1", "2001:db8::1", "app.test", "notlocalhost"];

test("a listener on the loopback is reached by every way to write it, and by nothing else", () => {
  expect(hostsThatLeadTo("127.0.0.1", [...LOCAL, ...ELSEWHERE, "127.0.0.2"])).toEqual(LOCAL);
  expect(hostsThatLeadTo("::1", ["::1", "0:0:0:0:0:0:0:1", "localhost", ...ELSEWHERE])).toHaveLength(3);
});

test("one on every address is reached by those of this machine and by its name too", () => {
  const own = Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map(({ address }) => address),
  );
  const names = [...LOCAL, "127.0.0.2", "::1", hostname(), ...own];

  expect(hostsThatLeadTo("0.0.0.0", [...names, ...ELSEWHERE])).toEqual(names);
  expect(hostsThatLeadTo("::", [...names, ...ELSEWHERE])).toEqual(names);
});

test("one on a single address is reached by that alone", () => {
  expect(hostsThatLeadTo("192.0.2.1", [...LOCAL, ...ELSEWHERE])).toEqual(["192.0.2.1"]);
});

test("another port is something else", () => {
  expect(leadsTo({ host: "127.0.0.1", port: 15_101 }, { host: "127.0.0.1", port: 15_102 })).toBe(false);
});
