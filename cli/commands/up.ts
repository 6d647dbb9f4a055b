import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { Command } from "commander";

import { formatAddress, type Address } from "../../core/address.ts";
import { addFlags, flagsGiven } from "../../core/options/flags.ts";
import { address, text } from "../../core/options/kinds.ts";
import type { ValuesOf } from "../../core/options/option.ts";
import { resolveOptions } from "../../core/options/resolve.ts";
import type { CommandLine } from "../command-line.ts";
import { SIDECAR_FLAGS } from "../../core/sidecar-flags.ts";
import { ChildProgram, endedEarly } from "../child-process.ts";
import { demoHelp } from "../demo-help.ts";

const HOST = "127.0.0.1";
const DEMO_CONFIG = fileURLToPath(new URL("../../deploy/demo/mesh.yaml", import.meta.url));

const UP_OPTIONS = {
  app: address({ default: { host: HOST, port: 8080 }, meaning: "Where the demo app listens." }),
  inbound: address({
    default: { host: HOST, port: 15101 },
    meaning: "Where the sidecar takes requests for it.",
  }),
  outbound: address({
    default: { host: HOST, port: 15102 },
    meaning: "Where it takes the app's own requests.",
  }),
  admin: address({ default: { host: HOST, port: 15190 }, meaning: "Health, metrics and inspection." }),
  config: text({ default: DEMO_CONFIG, inFile: false, meaning: "The configuration file." }),
} as const;

type UpOptions = ValuesOf<typeof UP_OPTIONS>;

/** `sluice up`: a demo app with a sidecar in front of it; its exit code is that of the call. */
export function upCommand(line: CommandLine): Command {
  const command = new Command("up");
  addFlags(command, UP_OPTIONS).action(async () => {
    const { values } = resolveOptions(UP_OPTIONS, { flags: flagsGiven(command, UP_OPTIONS) });
    line.ended(await runDemo(values));
  });
  return command;
}

async function runDemo(options: UpOptions): Promise<number> {
  const stop = Promise.withResolvers<"stop">();
  const hurry = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (): void => (++signals === 1 ? stop.resolve("stop") : hurry.resolve());
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await runUntil(stop.promise, hurry.promise, options);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** The sidecar drains while the app still answers, unless somebody is in a hurry; then the app ends. */
async function runUntil(stop: Promise<"stop">, hurry: Promise<void>, options: UpOptions): Promise<number> {
  const appStarted = Promise.withResolvers<Ports>();
  await using app = startApp(options, appStarted.resolve);
  const appPorts = await Promise.race([appStarted.promise, stop, failure(app)]);
  if (appPorts === "stop") return app.end();

  const started = Promise.withResolvers<Ports>();
  const appAddress = { ...options.app, port: appPorts["port"] ?? options.app.port };
  await using sidecar = startSidecar({ ...options, app: appAddress }, started.resolve);
  const ports = await Promise.race([started.promise, stop, failure(sidecar)]);
  if (ports !== "stop") {
    process.stdout.write(helpFor({ ...options, app: appAddress }, ports));
    await Promise.race([stop, failure(sidecar), failure(app)]);
  }
  process.stdout.write("draining …\n");
  void hurry.then(() => sidecar.end("SIGINT"));
  const code = await sidecar.end();
  await app.end();
  return code;
}

/** What a child says of itself when it is ready: numbers of ports by name. */
type Ports = Readonly<Record<string, number>>;

function startApp(options: UpOptions, ready: (ports: Ports) => void): ChildProgram {
  return new ChildProgram({
    name: "the demo app",
    script: "./demo-app.ts",
    args: ["--app", formatAddress(options.app)],
    onLine: (line) => ready(JSON.parse(line) as Ports),
  });
}

function startSidecar(options: UpOptions, ready: (ports: Ports) => void): ChildProgram {
  const { config, ...addresses } = options;
  const flags = Object.entries(addresses).flatMap(([name, each]) => [`--${name}`, formatAddress(each)]);
  return new ChildProgram({
    name: "the sidecar",
    script: "../sidecar/main.ts",
    // Nobody balances here: a drain need not wait until somebody has noticed.
    args: ["--config", config, ...flags, "--drain-delay", "0ms"],
    nodeFlags: SIDECAR_FLAGS,
    onLine: (line) => {
      process.stdout.write(`${line}\n`);
      if (line.includes('"msg":"ready"')) ready(JSON.parse(line) as Ports);
    },
  });
}

function helpFor(options: UpOptions, ports: Ports): string {
  const at = (name: "inbound" | "outbound" | "admin"): string =>
    formatAddress({ ...options[name], port: ports[name] ?? options[name].port } satisfies Address);
  const shown = {
    app: formatAddress(options.app),
    inbound: at("inbound"),
    outbound: at("outbound"),
    admin: at("admin"),
  };
  return demoHelp(shown, relative(process.cwd(), options.config) || options.config);
}

async function failure(child: ChildProgram): Promise<never> {
  throw endedEarly(child.name, await child.ended);
}
