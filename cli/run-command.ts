import { Command, CommanderError } from "commander";

import { ApiError, type ApiErrorCode } from "../control-plane/api/contract/api-error.ts";
import { describeProblem, MeshError } from "../core/errors.ts";
import type { CommandLine } from "./command-line.ts";
import { printable } from "./output/table.ts";
import { CONNECTION_FLAGS, connectionOptions, takeAfterName } from "./connection-flags.ts";
import { COMMANDS } from "./commands/commands.ts";
import { EXIT_CODES, type ExitName } from "./exit-codes.ts";

/** Runs `sluice ARGS…`; gives the exit code, which exit-codes.ts explains. */
export async function runCommand(
  args: readonly string[],
  surroundings: Omit<CommandLine, "ended">,
): Promise<number> {
  let code: number = EXIT_CODES.done.code;
  const line: CommandLine = {
    ...surroundings,
    ended: (as) => void (code = typeof as === "number" ? as : EXIT_CODES[as].code),
  };
  try {
    const program = await programOf(args, line);
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    // commander has printed what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? code : EXIT_CODES.usage.code;
    if (isSystemError(error)) {
      line.errors.write(`sluice: ${printable(error.message)}\n`);
      return EXIT_CODES.failed.code;
    }
    if (!(error instanceof MeshError)) throw error;
    line.errors.write(explain(error));
    return EXIT_CODES[exitOf(error)].code;
  }
  return code;
}

/** They call no control plane, or say themselves which. */
const WITHOUT_CONNECTION = ["up", "sidecar", "context", "version"];
/** The same among the commands of others. */
const LOCAL = ["new", "pack"];

/** All commands: the one that is called as it is, the others by name and description only, since loading costs. */
async function programOf(args: readonly string[], line: CommandLine): Promise<Command> {
  const program = new Command("sluice")
    .description("A sidecar mesh whose behaviour is plugins.")
    .enablePositionalOptions();
  for (const option of connectionOptions()) program.addOption(option);
  const called = calledCommand(args);
  for (const { name, description, load } of COMMANDS) {
    const command = name === called ? await load(line) : new Command(name);
    if (!WITHOUT_CONNECTION.includes(name)) takeAfterName(command);
    program.addCommand(command.description(description));
  }
  setUp(program, line);
  return program;
}

/** The first word that is neither a flag of all commands nor the value of one. */
function calledCommand(args: readonly string[]): string | undefined {
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (CONNECTION_FLAGS.includes(word)) i++;
    else if (!word.startsWith("-")) return word === "help" ? args[i + 1] : word;
  }
  return undefined;
}

function setUp(command: Command, line: CommandLine, connects = true): void {
  command.configureHelp({ showGlobalOptions: connects });
  command.exitOverride().configureOutput({
    writeOut: (text) => void line.output.write(text),
    writeErr: (text) => void line.errors.write(text),
  });
  for (const child of command.commands) {
    const isLocal = [...WITHOUT_CONNECTION, ...LOCAL].includes(child.name());
    setUp(child, line, connects && !isLocal);
  }
}

/** A file that cannot be read or written where the command was told to. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof MeshError) && "syscall" in error;
}

const EXITS: Partial<
  Record<ApiErrorCode | "usage" | "child_killed" | "no_context" | "no_cluster", ExitName>
> = {
  no_context: "notFound",
  no_cluster: "usage",
  child_killed: "killed",
  usage: "usage",
  unauthenticated: "refused",
  forbidden: "refused",
  not_found: "notFound",
  conflict: "conflict",
  in_use: "conflict",
  wrong_state: "conflict",
  revision_mismatch: "conflict",
  unreachable: "unreachable",
  unavailable: "unreachable",
};

function exitOf({ code }: MeshError): ExitName {
  return EXITS[code as keyof typeof EXITS] ?? "failed";
}

/**
 * What is wrong, and each thing wrong with the input unless the message says it already; where the control plane's log
 * says more, how it is found there.
 */
function explain(error: MeshError): string {
  const { problems = [], requestId } = error instanceof ApiError ? error : {};
  const unsaid = problems.filter((each) => !error.message.includes(each.message)).map(describeProblem);
  const isTheirs = requestId !== undefined && error.source === "upstream";
  const more = isTheirs ? [...unsaid, `request ${requestId}`] : unsaid;
  return `sluice: ${[error.message, ...more.map((each) => `  ${each}`)]
    .flatMap((text) => text.split("\n"))
    .map(printable)
    .join("\n")}\n`;
}
