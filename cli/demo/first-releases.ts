import { ApiError, type ApiErrorCode } from "../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import { MeshError } from "../../core/errors.ts";
import { DEMO, DEMO_CHAIN } from "./plan.ts";

type Release = ApiAnswer<"getRelease">["release"];
type State = Release["state"];

const IN_FORCE: readonly State[] = ["ACTIVE", "DONE"];

/**
 * Brings the example plugins of the chain into force as people would: a developer asks, ops approves, downloads,
 * activates and completes. Plugins that a release has brought into force before are left alone, and so are those that
 * somebody took out of the chain. One that cannot be released as somebody left it is told through `say`. Rejects when
 * `left` aborts.
 */
export async function releaseExamples(
  dev: ApiClient,
  ops: ApiClient,
  say: (text: string) => void,
  left: AbortSignal,
): Promise<void> {
  const { entries } = await dev.call("getChain", { params: { cluster: DEMO.cluster } });
  const chained = DEMO_CHAIN.filter(({ plugin }) => entries.some((entry) => entry.plugin === plugin));
  await Promise.all(
    chained.map(async ({ plugin }) => {
      try {
        await releaseExample(dev, ops, plugin, left);
      } catch (error) {
        if (!(error instanceof ApiError) || !LEFT_SO.includes(error.code)) throw error;
        say(`${plugin} is not in force: ${error.message}\n`);
      }
    }),
  );
}

/** Refusals for what people did with the demo when it ran before. */
const LEFT_SO: readonly ApiErrorCode[] = ["invalid_input", "conflict", "wrong_state"];

async function releaseExample(
  dev: ApiClient,
  ops: ApiClient,
  plugin: string,
  left: AbortSignal,
): Promise<void> {
  const { cluster } = DEMO;
  const before = await dev.call("listReleases", { query: { cluster, plugin } });
  if (before.items.some(({ state }) => IN_FORCE.includes(state))) return;
  const { items } = await dev.call("listVersions", { params: { plugin } });
  const version = items.at(-1)?.version ?? "";
  const open = before.items.find(({ actions }) => actions.includes("download"));
  const release = open ?? (await request(dev, ops, plugin, version));
  const params = { release: release.id };
  await ops.call("downloadRelease", { params, body: {} });
  await reached(ops, release, "DOWNLOADED", left);
  await ops.call("activateRelease", { params, body: {} });
  await reached(ops, release, "ACTIVE", left);
  await ops.call("completeRelease", { params, body: {} });
}

async function request(dev: ApiClient, ops: ApiClient, plugin: string, version: string): Promise<Release> {
  const { release } = await dev.call("createRelease", {
    body: { cluster: DEMO.cluster, plugin, version, target: { kind: "full" }, note: "the first one" },
  });
  await ops.call("approveRelease", { params: { release: release.id }, body: { note: "an example" } });
  return release;
}

/** Resolves when the release is in this state; nodes are what it waits for, until somebody has left. */
async function reached(
  ops: ApiClient,
  { id, plugin }: Release,
  wanted: State,
  left: AbortSignal,
): Promise<void> {
  const states = ops.watch("getRelease", { params: { release: id } }, { signal: left });
  for await (const { release, nodes } of states) {
    if (release.state === wanted) return;
    const failed = nodes.find(({ error }) => error !== undefined && error !== "");
    if (failed === undefined) continue;
    throw new MeshError(`${plugin} could not be brought into force on ${failed.node}: ${failed.error}`, {
      code: "demo_failed",
      source: "internal",
    });
  }
  left.throwIfAborted();
}
