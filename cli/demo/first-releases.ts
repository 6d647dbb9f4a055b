import { ApiError, type ApiErrorCode } from "../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import { MeshError } from "../../core/errors.ts";
import { DEMO, DEMO_CHAIN } from "./plan.ts";

type Release = ApiAnswer<"getRelease">["release"];
type State = Release["state"];

const IN_FORCE: readonly State[] = ["ACTIVE", "DONE"];
const LEFT_OPEN: readonly State[] = [
  "PENDING_APPROVAL",
  "APPROVED",
  "DOWNLOADING",
  "DOWNLOADED",
  "ACTIVATING",
];
/** The note of the demo's own. */
const FIRST = "the first one";

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
  const release = before.items.find(isLeftOpen) ?? (await request(dev, plugin));
  const params = { release: release.id };
  if (release.state === "PENDING_APPROVAL")
    await ops.call("approveRelease", { params, body: { note: "an example" } });
  if (release.state !== "ACTIVATING") {
    await ops.call("downloadRelease", { params, body: {} });
    await reached(ops, release, "DOWNLOADED", left);
    await ops.call("activateRelease", { params, body: {} });
  }
  await reached(ops, release, "ACTIVE", left);
  await ops.call("completeRelease", { params, body: {} });
}

/** A first release that a start before did not bring to its end. */
function isLeftOpen({ note, state, target }: Release): boolean {
  return note === FIRST && target.kind === "full" && LEFT_OPEN.includes(state);
}

async function request(dev: ApiClient, plugin: string): Promise<Release> {
  const { items } = await dev.call("listVersions", { params: { plugin } });
  const version = items.at(-1)?.version ?? "";
  const { release } = await dev.call("createRelease", {
    body: { cluster: DEMO.cluster, plugin, version, target: { kind: "full" }, note: FIRST },
  });
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
    // An error of another step is what the node waits for, such as its connection.
    const failed = nodes.find(({ step }) => step === "failed");
    if (failed === undefined) continue;
    throw new MeshError(
      `${plugin} could not be brought into force on ${failed.node}: ${failed.error ?? ""}`,
      {
        code: "demo_failed",
        source: "internal",
      },
    );
  }
  left.throwIfAborted();
}
