import { expect, test } from "vitest";

import {
  begin,
  chainOf,
  entryFor,
  outcomeAt,
  requestFacts,
  startChain,
  type ChainFixture,
} from "../../test/support/chain-fixtures.ts";
import { failure, ScriptedGeneration } from "../../test/support/scripted-runtime.ts";
import type { ChainEntry, GrayEntry } from "./entry.ts";
import type { FailureCause, Position } from "./verdict.ts";

/** Enough users to see what share of them a version has. */
const USERS = Array.from({ length: 2_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);

interface Versions {
  readonly base: ScriptedGeneration;
  readonly gray: ScriptedGeneration;
}

function twoVersions(positions: { base?: readonly Position[]; gray?: readonly Position[] } = {}): Versions {
  return {
    base: new ScriptedGeneration("guard", { version: "1.0.0", positions: positions.base ?? [0, 1] }),
    gray: new ScriptedGeneration("guard", { version: "1.1.0", positions: positions.gray ?? [0, 1] }),
  };
}

function split(
  { base, gray }: Versions,
  percentage: number,
  overrides: Partial<ChainEntry> = {},
): ChainEntry {
  return entryFor(base, { gray: share(gray, percentage), ...overrides });
}

function share(gray: ScriptedGeneration, percentage: number): GrayEntry {
  const { version } = gray;
  const terms = { salt: "gray/guard/7", failurePolicy: "closed", timeout: 50 } as const;
  return { version, percentage, ...terms, load: { kind: "loaded", generation: gray } };
}

/** The version that answered at the request position, or the cause for which the policy did. */
function versionFor({ chain }: ChainFixture, remoteIp: string): string {
  const pass = begin(chain, requestFacts({ remoteIp }));
  outcomeAt(pass);
  pass.end();
  const [record] = pass.records;
  return record?.verdict.kind === "failed" ? record.verdict.cause : (record?.target.version ?? "nobody");
}

function usersOf(fixture: ChainFixture, version: string): string[] {
  return USERS.filter((user) => versionFor(fixture, user) === version);
}

test("a share of the users gets the gray version, and the records name it", () => {
  using fixture = startChain(chainOf(split(twoVersions(), 25)));

  const gray = usersOf(fixture, "1.1.0").length;

  expect(gray / USERS.length).toBeCloseTo(0.25, 1);
  expect(usersOf(fixture, "1.0.0")).toHaveLength(USERS.length - gray);
});

test("a growing percentage moves users one way only, from none of them to all", () => {
  const versions = twoVersions();
  let before: readonly string[] = [];
  for (const percentage of [0, 5, 30, 30.01, 80, 100]) {
    using fixture = startChain(chainOf(split(versions, percentage)));
    const now = usersOf(fixture, "1.1.0");
    expect(now).toEqual(expect.arrayContaining([...before]));
    before = now;
  }
  expect(before).toHaveLength(USERS.length);
});

test("the entry's own key divides the users: a header names the version whatever the address", () => {
  const match = { bucketKey: { kind: "header", name: "x-user" } } as const;
  using fixture = startChain(chainOf(split(twoVersions(), 50, { match })));
  const versionOf = (user: string, remoteIp: string): string | undefined => {
    const pass = begin(fixture.chain, requestFacts({ remoteIp, headers: ["x-user", user] }));
    outcomeAt(pass);
    pass.end();
    return pass.records[0]?.target.version;
  };

  const versions = ["ada", "bob", "cyd", "dan", "eve", "fay"].map((user) => {
    const seen = new Set(USERS.slice(0, 20).map((address) => versionOf(user, address)));
    expect(seen.size).toBe(1);
    return [...seen][0];
  });

  expect(new Set(versions)).toEqual(new Set(["1.0.0", "1.1.0"]));
});

test.for<FailureCause>(["suspended", "quarantined", "unreachable"])(
  "a gray version that is %s gives its share to the base, and has it again afterwards",
  (fault) => {
    const versions = twoVersions();
    using fixture = startChain(chainOf(split(versions, 50)));
    const before = usersOf(fixture, "1.1.0");

    versions.gray.fault = fault;
    expect(usersOf(fixture, "1.0.0")).toHaveLength(USERS.length);

    versions.gray.fault = undefined;
    expect(usersOf(fixture, "1.1.0")).toEqual(before);
  },
);

test("a gray version that was not loaded gives its share to the base, never to the policy", () => {
  const { base, gray } = twoVersions();
  const notLoaded = { kind: "failed", cause: "not_loaded", positions: [] } as const;
  const entry = entryFor(base, { gray: { ...share(gray, 100), load: notLoaded } });
  using fixture = startChain(chainOf(entry));

  expect(usersOf(fixture, "1.0.0")).toHaveLength(USERS.length);
  expect(fixture.chain.status[0]).toMatchObject({ ready: true, gray: { obstacle: "not_loaded" } });
});

test("a gray version that keeps failing is tripped for its share only, probed with it, and gets it back", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  versions.gray.script = () => failure("throw");
  for (const user of USERS.slice(0, 5)) expect(versionFor(fixture, user)).toBe("throw");

  expect(versionFor(fixture, "10.0.0.1")).toBe("1.0.0");
  fixture.clock.advance(1_000);
  expect(versionFor(fixture, "10.0.0.1")).toBe("1.0.0");
  expect(versions.gray.probes).toHaveLength(1);

  versions.gray.probes[0]?.done({ verdict: { kind: "allow" }, micros: 1 });
  versions.gray.script = () => ({ kind: "allow" });
  expect(versionFor(fixture, "10.0.0.1")).toBe("1.1.0");
});

test("where the base cannot answer either, the policy does, with the base's cause", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  versions.gray.fault = "quarantined";
  versions.base.fault = "suspended";

  const pass = begin(fixture.chain);

  expect(outcomeAt(pass)).toEqual({ kind: "refuse", plugin: "guard", cause: "suspended" });
});

test("the choice is made once: who had the base at the request has it at the response", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  versions.gray.fault = "suspended";
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);

  versions.gray.fault = undefined;
  outcomeAt(pass, 1);

  expect(pass.records.map(({ target }) => target.version)).toEqual(["1.0.0", "1.0.0"]);
});

test("a gray version that fails between the positions gives the response to the base as well", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);

  versions.gray.fault = "suspended";
  outcomeAt(pass, 1);

  expect(pass.records.map(({ target }) => target.version)).toEqual(["1.1.0", "1.0.0"]);
});

test("who went back to the base when the exchange had begun has it at the response too", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  const pass = begin(fixture.chain);
  versions.gray.fault = "suspended";
  outcomeAt(pass, 0);

  versions.gray.fault = undefined;
  outcomeAt(pass, 1);

  expect(pass.records.map(({ target }) => target.version)).toEqual(["1.0.0", "1.0.0"]);
});

test("a base without the response position is not asked there for a gray version that cannot answer", () => {
  const versions = twoVersions({ base: [0], gray: [0, 1] });
  using fixture = startChain(chainOf(split(versions, 100)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);

  versions.gray.fault = "suspended";

  expect(outcomeAt(pass, 1)).toMatchObject({ kind: "continue" });
  expect(pass.records.map(({ target }) => target.version)).toEqual(["1.1.0"]);
});

test("a guard at the request is not passed by because its gray version, which cannot answer, has none", () => {
  const versions = twoVersions({ base: [0, 1], gray: [1] });
  using fixture = startChain(chainOf(split(versions, 100)));
  versions.gray.fault = "quarantined";

  expect(versionFor(fixture, "10.0.0.1")).toBe("1.0.0");
});

test("an exchange of an expired gray generation goes on in its version where the new chain has it", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  const promoted = begin(fixture.chain);
  outcomeAt(promoted, 0);
  const successor = new ScriptedGeneration("guard", { version: "1.1.0" });

  fixture.chain.swap(chainOf(entryFor(successor)));
  versions.gray.expired = true;
  outcomeAt(promoted, 1);

  expect(successor.runner.shown).toHaveLength(1);
  expect(fixture.observer.handOvers).toEqual(["guard"]);
});

test("when gray is taken back, an exchange of an expired generation goes to the base", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 100)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);

  fixture.chain.swap(chainOf(entryFor(versions.base)));
  versions.gray.expired = true;
  outcomeAt(pass, 1);

  expect(pass.records.map(({ target }) => target.version)).toEqual(["1.1.0", "1.0.0"]);
});

test("both generations are held from composing on, retired when superseded, and let go", () => {
  const versions = twoVersions();
  using fixture = startChain(chainOf(split(versions, 10)));
  const states = () => [versions.base, versions.gray].map(({ holders, retired }) => [holders, retired]);
  expect(states()).toEqual([
    [1, 0],
    [1, 0],
  ]);

  fixture.chain.swap(chainOf(entryFor(versions.gray)));

  expect(states()).toEqual([
    [0, 1],
    [1, 1],
  ]);
});
