import { resolve } from "node:path";

import { Command } from "commander";

import { InputError } from "../../core/errors.ts";
import { addFlags, flagsGiven } from "../../core/options/flags.ts";
import { address, text } from "../../core/options/kinds.ts";
import type { ValuesOf } from "../../core/options/option.ts";
import { resolveOptions } from "../../core/options/resolve.ts";
import type { CommandLine } from "../command-line.ts";
import { EXAMPLES } from "../demo/plan.ts";
import { runDemo } from "../demo/run-demo.ts";
import { usageError } from "../usage-error.ts";

const HOST = "127.0.0.1";

/** The flags of `sluice up`. */
export const UP_OPTIONS = {
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
  api: address({ default: { host: HOST, port: 7400 }, meaning: "Where the control plane is asked." }),
  push: address({ default: { host: HOST, port: 7401 }, meaning: "Where nodes connect to it." }),
  plugins: text({
    default: "",
    inFile: false,
    meaning:
      "The folder of the example plugins, where edits are released; empty: those that come with Sluice. Without effect with --config.",
  }),
  config: text({
    default: "",
    inFile: false,
    meaning: "A configuration file for the sidecar, instead of a control plane.",
  }),
} as const;

/** `sluice up`: a demo app with a sidecar in front of it, and the control plane that configures it. */
export function upCommand(line: CommandLine): Command {
  const command = new Command("up");
  addFlags(command, UP_OPTIONS).action(async () => {
    const values = valuesOf(command);
    const plugins = values.plugins === "" ? EXAMPLES : resolve(line.directory, values.plugins);
    line.ended(await runDemo(line, { ...values, plugins }));
  });
  return command;
}

/** A value that is none is a wrong call: nothing but flags is read here. */
function valuesOf(command: Command): ValuesOf<typeof UP_OPTIONS> {
  try {
    return resolveOptions(UP_OPTIONS, { flags: flagsGiven(command, UP_OPTIONS) }).values;
  } catch (error) {
    throw error instanceof InputError ? usageError(error.message) : error;
  }
}
