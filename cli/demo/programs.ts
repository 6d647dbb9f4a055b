import { formatAddress, type Address } from "../../core/address.ts";
import { SIDECAR_ENVIRONMENT, SIDECAR_FLAGS } from "../../core/sidecar-process.ts";
import { ChildProgram, endedEarly, type ChildOptions } from "../child-process.ts";
import type { CommandLine } from "../command-line.ts";
import type { DemoOptions, Ports } from "./options.ts";
import { DEMO, DEMO_SECRET } from "./plan.ts";
import { ShownExchanges } from "./shown-exchanges.ts";
import type { DemoState } from "./state.ts";

/** A part of the demo that is starting: `ready` has its ports, or fails when it ends before it is. */
export interface StartingProgram {
  readonly program: ChildProgram;
  readonly ready: Promise<Ports>;
}

export function startApp({ app }: DemoOptions): StartingProgram {
  return start(
    "the demo app",
    "./demo/app.ts",
    ["--app", formatAddress(app)],
    (line) => JSON.parse(line) as Ports,
  );
}

export function startControlPlane(
  { output }: CommandLine,
  { api, push }: DemoOptions,
  state: DemoState,
): StartingProgram {
  const flags = ["--folder", state.controlPlane, "--api", formatAddress(api), "--push", formatAddress(push)];
  return start("the control plane", "../control-plane/main.ts", flags, readyLine(output, isOfACall));
}

/** The demo's own calls would bury what a person looks for; who did what is in `sluice audit`. */
function isOfACall(line: string): boolean {
  return line.includes('"msg":"api request"');
}

/** Where the sidecar gets its configuration from. */
export type ConfigurationFrom =
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "control-plane";
      readonly push: Address;
      readonly artifacts: string;
      readonly state: DemoState;
    };

export function startSidecar(
  { output, clock }: CommandLine,
  { app, inbound, outbound, admin }: DemoOptions,
  from: ConfigurationFrom,
): StartingProgram {
  const addresses = { app, inbound, outbound, admin };
  const flags = Object.entries(addresses).flatMap(([name, each]) => [`--${name}`, formatAddress(each)]);
  // Nobody balances here: a drain need not wait until somebody has noticed.
  const args = [...flags, "--drain-delay", "0ms", ...configurationFlags(from)];
  const environment = { ...SIDECAR_ENVIRONMENT, [DEMO_SECRET.name]: DEMO_SECRET.value };
  const options = { nodeFlags: SIDECAR_FLAGS, environment };
  const exchanges = new ShownExchanges(clock, (text) => output.write(text));
  const read = readyLine(output, (line) => exchanges.hides(line));
  const starting = start("the sidecar", "../sidecar/main.ts", args, read, options);
  void starting.program.ended.then(() => exchanges[Symbol.dispose]());
  return starting;
}

function configurationFlags(from: ConfigurationFrom): readonly string[] {
  if (from.kind === "file") return ["--config", from.path];
  const { push, artifacts, state } = from;
  const identity = ["--node-id", DEMO.node, "--cluster", DEMO.cluster, "--service", DEMO.service];
  return [
    "--control-plane",
    formatAddress(push),
    "--control-plane-artifacts",
    artifacts,
    "--control-plane-token-file",
    state.nodeToken,
    "--state-folder",
    state.sidecar,
    ...identity,
  ];
}

function start(
  name: string,
  script: string,
  args: readonly string[],
  read: (line: string) => Ports | undefined,
  options: Pick<ChildOptions, "nodeFlags" | "environment"> = {},
): StartingProgram {
  const { promise, resolve } = Promise.withResolvers<Ports>();
  const onLine = (line: string): void => {
    const ports = read(line);
    if (ports !== undefined) resolve(ports);
  };
  const program = new ChildProgram({ name, script, args, onLine, ...options });
  return { program, ready: Promise.race([promise, failure(program)]) };
}

/** Passes lines of a log on, but for those that are `hidden`, and finds the one that says `ready`. */
function readyLine(
  output: CommandLine["output"],
  hidden: (line: string) => boolean,
): (line: string) => Ports | undefined {
  return (line) => {
    if (!hidden(line)) output.write(`${line}\n`);
    return line.includes('"msg":"ready"') ? (JSON.parse(line) as Ports) : undefined;
  };
}

/** Rejects when a part ends although nobody asked it to. */
export async function failure(program: ChildProgram): Promise<never> {
  throw endedEarly(program.name, await program.ended);
}
