import type { Clock } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import { blamed, describeExit, type HostExit } from "./host-exit.ts";
import type { HostCommand } from "./host-process.ts";
import { IsolateInstance } from "./isolate-instance.ts";
import { PluginHost, type HostReceiver } from "./plugin-host.ts";

/** `unsure`: whatever failed, it was not the plugin; another time it may be found out. */
export type ScratchOutcome =
  | { readonly kind: "loadable" }
  | { readonly kind: "invalid"; readonly detail: string }
  | { readonly kind: "unsure"; readonly detail: string };

/** From spawn to the answer, ms; a machine under load is slow to start a process. */
const DEADLINE = 20_000;
/** The only load in its host. */
const LOAD = 1;
/** What says nothing about the script. */
const NOT_ITS_FAULT: ReadonlySet<FailureCause> = new Set(["host_busy", "host_gone", "queue_full"]);

/** Nothing that a script does while it is evaluated reaches anybody. */
const DEAF: HostReceiver = {
  ran: () => {},
  log: () => {},
  fetch: () => {},
  keyValue: () => {},
  fault: () => {},
};

/**
 * Compiles and evaluates a plugin's script in a process of its own, which ends with it: what it does there harms
 * nobody. No hook of it runs. Never rejects.
 */
export async function checkScript(
  spec: GenerationSpec,
  command: HostCommand,
  clock: Clock,
): Promise<ScratchOutcome> {
  try {
    const frame = { ...new IsolateInstance(LOAD, spec, LOAD).loadFrame([]), compileOnly: true };
    const host = new PluginHost(command, DEAF, clock);
    using _deadline = clock.after(DEADLINE, () => host.kill("hung"));
    try {
      const exit = await host.started;
      if (exit !== undefined) return ended(exit);
      const outcome = await host.load(frame);
      if (outcome.kind === "done") return { kind: "loadable" };
      if (outcome.kind === "ended") return ended(outcome.exit);
      const { cause, detail } = outcome.failure;
      return { kind: NOT_ITS_FAULT.has(cause) ? "unsure" : "invalid", detail };
    } finally {
      host.kill("disposed");
      await host.ended;
    }
  } catch (thrown) {
    return { kind: "unsure", detail: messageOf(thrown) };
  }
}

function ended(exit: HostExit): ScratchOutcome {
  return { kind: blamed(exit) === LOAD ? "invalid" : "unsure", detail: describeExit(exit) };
}
