import { writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { systemClock, type Clock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { Random } from "../../test/fuzz-h1/random.ts";
import { ScriptedControlPlane } from "../../test/support/scripted-control-plane.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ControlLink } from "./control-link.ts";
import type { CredentialSettings } from "./credentials.ts";

const NO_CREDENTIALS: CredentialSettings = {
  ca: "",
  cert: "",
  key: "",
  token: "",
  tokenFile: "",
  tls: false,
};

const FLEET = 40;

/** A link to `port`, and what it logged. */
function linkTo(
  port: number,
  {
    clock = systemClock,
    credentials = {},
    random = () => 0.5,
    connecting = () => {},
  }: {
    clock?: Clock;
    credentials?: Partial<CredentialSettings>;
    random?: () => number;
    connecting?: () => void;
  } = {},
) {
  const lines: string[] = [];
  const wanted = new Set<() => void>();
  const log = createLogger("info", {
    write: (line) => {
      lines.push(line);
      for (const resolve of wanted) resolve();
    },
  });
  const link = new ControlLink({
    target: `127.0.0.1:${port}`,
    credentials: { ...NO_CREDENTIALS, ...credentials },
    hello: () => {
      connecting();
      return { apiVersions: ["mesh.v1"], node: "n", cluster: "c", service: "s" };
    },
    events: () => ({ welcome: () => {}, message: () => {} }),
    clock,
    log,
    random,
  });
  const logged = async (part: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.includes(part));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => wanted.add(resolve));
    }
  };
  return { link, lines, logged };
}

test("a session that ends is followed by another one", async () => {
  await using plane = await ScriptedControlPlane.start();
  const { link } = linkTo(plane.port);
  await using _ = link;
  (await plane.connected()).end();
  await plane.connected();
  expect(plane.streams).toHaveLength(2);
});

test("a goodbye is followed, but not sooner than the control plane asked", async () => {
  await using plane = await ScriptedControlPlane.start();
  const clock = new ManualClock();
  const { link, logged } = linkTo(plane.port, { clock });
  await using _ = link;
  clock.advance(0);
  const node = await plane.connected();
  node.send({ goodbye: { reconnectAfter: 8_000, reason: "it restarts" } });
  await logged("it restarts");

  clock.advance(9_999);
  expect(plane.streams).toHaveLength(1);
  clock.advance(1);
  await plane.connected();
});

test("a goodbye for longer than a timer can wait is followed for a week, not for no time at all", async () => {
  await using plane = await ScriptedControlPlane.start();
  const clock = new ManualClock();
  const { link, logged } = linkTo(plane.port, { clock, random: () => 0 });
  await using _ = link;
  clock.advance(0);
  const node = await plane.connected();
  node.send({ goodbye: { reconnectAfter: 4_000_000_000, reason: "for ever" } });
  await logged("for ever");

  clock.advance(7 * 86_400_000);
  await plane.connected();
  expect(plane.streams).toHaveLength(2);
});

test("while nobody is there it is tried again with back-off, and the same trouble is said once", async () => {
  const gone = await ScriptedControlPlane.start();
  await gone[Symbol.asyncDispose]();
  const clock = new ManualClock();
  const { link, lines, logged } = linkTo(gone.port, { clock });
  await using _ = link;
  clock.advance(0);
  await logged("nothing listens there");
  expect(link.trouble).toContain("nothing listens there");

  await using back = await ScriptedControlPlane.start({ port: gone.port });
  clock.advance(30_000);
  await back.connected();
  await logged("control plane: connected");
  expect(link.trouble).toBe("");
  expect(lines.filter((line) => line.includes("not connected"))).toHaveLength(1);
});

test("a trouble that gRPC words anew at each attempt is said once, with what to do about it", async () => {
  await using plane = await ScriptedControlPlane.start({ tls: true });
  const third = Promise.withResolvers<void>();
  let attempts = 0;
  const connecting = (): void => void (++attempts === 3 && third.resolve());
  const { link, lines } = linkTo(plane.port, { connecting, random: () => 0 });
  await using _ = link;

  await third.promise;

  const said = lines.filter((line) => line.includes("not connected"));
  expect(said).toEqual([expect.stringContaining("set --control-plane-tls")]);
  expect(link.trouble).toContain("set --control-plane-tls");
});

/** How many of a fleet connect in each 100 ms of so many seconds. */
async function arrivals(
  clock: ManualClock,
  seconds: number,
  count: () => number,
): Promise<readonly number[]> {
  const windows: number[] = [];
  while (windows.length < seconds * 10) {
    const before = count();
    clock.advance(100);
    await setImmediate();
    windows.push(count() - before);
  }
  return windows;
}

test("a fleet that loses its control plane, and then finds nobody there, never comes back in one moment", async () => {
  const plane = await ScriptedControlPlane.start();
  const clock = new ManualClock();
  const chance = new Random(7);
  let connects = 0;
  const options = {
    clock,
    random: () => chance.below(1_000) / 1_000,
    connecting: () => void connects++,
  };
  await using stack = new AsyncDisposableStack();
  const fleet = Array.from({ length: FLEET }, () => linkTo(plane.port, options));
  for (const { link } of fleet) stack.use(link);
  clock.advance(0);
  await Promise.all(fleet.map(({ logged }) => logged("control plane: connected")));
  await plane[Symbol.asyncDispose]();
  await Promise.all(fleet.map(({ logged }) => logged("not connected")));

  const windows = await arrivals(clock, 6, () => connects);
  expect(connects).toBeGreaterThan(2 * FLEET);
  expect(Math.max(...windows)).toBeLessThan(FLEET / 4);
});

test("a fleet that is told to come back later comes back spread, and none sooner", async () => {
  await using plane = await ScriptedControlPlane.start();
  const clock = new ManualClock();
  const chance = new Random(7);
  let connects = 0;
  const options = { clock, random: () => chance.below(1_000) / 1_000, connecting: () => void connects++ };
  await using stack = new AsyncDisposableStack();
  const fleet = Array.from({ length: FLEET }, () => linkTo(plane.port, options));
  for (const { link } of fleet) stack.use(link);
  clock.advance(0);
  await Promise.all(fleet.map(({ logged }) => logged("control plane: connected")));
  for (const node of plane.streams) node.send({ goodbye: { reconnectAfter: 4_000, reason: "it restarts" } });
  await Promise.all(fleet.map(({ logged }) => logged("it restarts")));

  const windows = await arrivals(clock, 6, () => connects);
  expect(connects).toBe(2 * FLEET);
  expect(windows.findIndex((each) => each > 0)).toBeGreaterThanOrEqual(39);
  expect(Math.max(...windows)).toBeLessThan(FLEET / 4);
});

test("another token in the file is taken for the next connection, which is made at once", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await ScriptedControlPlane.start();
  const tokenFile = await folder.write("token", "sluice_one\n");
  const clock = new ManualClock();
  const { link, logged } = linkTo(plane.port, { clock, credentials: { tokenFile } });
  await using _ = link;
  clock.advance(0);
  expect((await plane.connected()).token).toBe("Bearer sluice_one");

  await writeFile(tokenFile, "sluice_another\n");
  clock.advance(5_000);
  await logged("credentials have changed, connecting anew");
  await logged('"reason":"the credentials have changed"');
  clock.advance(2_000);
  expect((await plane.connected()).token).toBe("Bearer sluice_another");
});

test("a file that cannot be read is trouble that may pass", async () => {
  await using plane = await ScriptedControlPlane.start();
  const { link, logged } = linkTo(plane.port, { credentials: { tokenFile: "/nowhere/token" } });
  await using _ = link;
  expect(await logged("not connected")).toContain("/nowhere/token");
});
