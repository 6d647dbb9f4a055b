import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { ConfiguredChain } from "../../test/support/configured-chain.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { systemClock } from "../../core/clock.ts";
import { CheckedPackages } from "./checked-packages.ts";
import { LastGood, type HeldResources } from "./last-good.ts";
import { NodeResources, type Delivered } from "./node-resources.ts";
import { ReleasedPackages } from "./released-packages.ts";
import { Stage } from "./stage.ts";

const LOG = createLogger("silent");
const DEADLINES = { request: "100ms", response: "100ms" };

/** The resources of a node whose plugins are scripted; `failing` lets the disk fail. */
async function setUp(options: { readonly failingDisk?: boolean } = {}) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const mesh = stack.use(
    new ConfiguredChain([
      testPackage("guard"),
      testPackage("guard", { version: "2.0.0" }),
      testPackage("tag"),
    ]),
  );
  const stage = stack.use(
    new Stage({
      cache: new PackageCache(folder.join("packages")),
      checked: new CheckedPackages(folder.join("checked"), "1.0.0"),
      released: new ReleasedPackages(),
      download: () => Promise.reject(new Error("there is nothing to download")),
      downloaded: async () => {},
      check: async () => {},
      clock: systemClock,
      log: LOG,
      onStatus: () => {},
      onDeleted: () => {},
    }),
  );
  const lastGood = new LastGood(options.failingDisk === true ? folder.join("not there") : folder.path, LOG);
  const place = {
    node: { id: "n", cluster: "shop", service: "app", symbol: "stable", labels: {} },
    directory: folder.path,
  };
  const resources = new NodeResources({
    configuration: mesh.configuration,
    stage,
    lastGood,
    place,
    log: LOG,
  });
  const disk = (): Promise<HeldResources | undefined> => new LastGood(folder.path, LOG).read();
  return { mesh, resources, disk, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function chain(entries: readonly unknown[], more: Partial<Delivered> = {}): Delivered {
  const content = { entries, deadlines: DEADLINES };
  return {
    name: "chain",
    hash: `h${JSON.stringify(entries)}`,
    tick: 4,
    tombstone: false,
    again: [],
    content,
    ...more,
  };
}

const guard = (version: string, more = {}) => ({ plugin: "guard", version, ...more });

test("a route waits for the first chain, and both are then in force and on disk", async () => {
  await using node = await setUp();
  const services = { billing: ["127.0.0.1:9001"] };
  const route = {
    name: "route",
    hash: "r",
    tick: 3,
    tombstone: false,
    again: [],
    content: { services },
  } as const;
  expect(await node.resources.take(route)).toEqual({ kind: "taken" });
  expect(node.mesh.services.size).toBe(0);

  await node.resources.take(chain([guard("1.0.0")]));
  await node.resources.ready;

  expect(node.mesh.services.has("billing")).toBe(true);
  expect(node.mesh.serving).toEqual(["guard 1.0.0 ok"]);
  expect(await node.disk()).toEqual(node.resources.held);
});

test("a node that has no chain takes one that cannot be loaded, and its policy answers", async () => {
  await using node = await setUp();
  node.mesh.registry.failing.set("guard", "throw");
  expect(await node.resources.take(chain([guard("1.0.0")]))).toEqual({ kind: "taken" });
  expect(node.mesh.serving).toEqual(["guard 1.0.0 throw"]);
});

test("a chain with a new version that cannot be loaded is refused whole, and loads nothing of the rest", async () => {
  await using node = await setUp();
  await node.resources.take(chain([guard("1.0.0")]));
  node.mesh.registry.failing.set("guard@2.0.0", "throw");

  const verdict = await node.resources.take(chain([guard("2.0.0"), { plugin: "tag", version: "1.0.0" }]));

  expect(verdict).toMatchObject({
    kind: "refused",
    problems: [{ key: "chain[0]", message: "scripted failure" }],
  });
  expect(node.mesh.serving).toEqual(["guard 1.0.0 ok"]);
  expect(node.resources.held.chain?.hash).toBe('h[{"plugin":"guard","version":"1.0.0"}]');
});

test("a plugin that could not be loaded before does not hold up the others", async () => {
  await using node = await setUp();
  node.mesh.registry.failing.set("guard", "throw");
  await node.resources.take(chain([guard("1.0.0")]));

  const verdict = await node.resources.take(chain([guard("1.0.0"), { plugin: "tag", version: "1.0.0" }]));

  expect(verdict).toEqual({ kind: "taken" });
  expect(node.mesh.serving).toEqual(["guard 1.0.0 throw", "tag 1.0.0 ok"]);
});

test("an entry that no version can be had of is answered for by its policy, whatever it ran before", async () => {
  await using node = await setUp();
  await node.resources.take(chain([guard("1.0.0")]));
  const gone = { plugin: "guard", failurePolicy: "open", unavailable: "it can load none" };
  expect(await node.resources.take(chain([gone]))).toEqual({ kind: "taken" });
  expect(node.mesh.chain.status).toMatchObject([{ obstacle: "not_loaded", failurePolicy: "open" }]);
});

test("what was refused is not tried again by itself", async () => {
  await using node = await setUp();
  await node.resources.take(chain([guard("1.0.0")]));
  node.mesh.registry.failing.set("guard@2.0.0", "throw");
  await node.resources.take(chain([guard("2.0.0")]));
  node.mesh.registry.failing.clear();

  node.mesh.packages.put(testPackage("tag", { version: "3.0.0" }));
  await node.mesh.configuration.idle();

  expect(node.mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("a disk that fails costs the next life its memory, not this one its configuration", async () => {
  await using node = await setUp({ failingDisk: true });
  expect(await node.resources.take(chain([guard("1.0.0")]))).toEqual({ kind: "taken" });
  expect(node.mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("a stage that is none is refused", async () => {
  await using node = await setUp();
  const content = { packages: [{ plugin: "Guard", version: "1.0.0", digest: "short", size: -1 }] };
  const verdict = await node.resources.take({
    name: "stage",
    hash: "s",
    tick: 1,
    tombstone: false,
    again: [],
    content,
  });
  expect(verdict).toMatchObject({
    problems: [{ key: "packages[0].plugin" }, { key: "packages[0].digest" }, { key: "packages[0].size" }],
  });
});

test("aliyun: a loop variable gives every plugin the last one's timeout", async () => {
  await using node = await setUp();
  await node.resources.take(
    chain([guard("1.0.0", { timeout: "20ms" }), { plugin: "tag", version: "1.0.0", timeout: "30ms" }]),
  );
  const loaded = node.mesh.registry.prepared.flat().map((spec) => [spec.package.manifest.name, spec.timeout]);
  expect(loaded).toEqual([
    ["guard", 20],
    ["tag", 30],
  ]);
});
