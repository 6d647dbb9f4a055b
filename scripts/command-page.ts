import { PassThrough } from "node:stream";

import type { Command } from "commander";

import { COMMANDS } from "../cli/commands/commands.ts";
import { EXIT_CODES } from "../cli/exit-codes.ts";
import { ManualClock } from "../core/manual-clock.ts";

const LINE = {
  output: new PassThrough(),
  errors: new PassThrough(),
  isTerminal: false,
  environment: {},
  directory: "/",
  clock: new ManualClock(),
  stop: new AbortController().signal,
  ended: () => undefined,
};

const commands = await Promise.all(
  COMMANDS.map(async ({ description, load }) => (await load(LINE)).description(description)),
);

/** docs/command.md, made of the commands themselves. */
export function commandPage(): string {
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${cell(meaning)} |`);
  return `<!-- Made by \`npm run generate\` from cli/; a test compares. -->

# The command

\`sluice [--context NAME | --server URL] COMMAND …\`. A context says which control plane and as whom; contexts stand in the
file that \`SLUICE_CONTEXTS\` names, else in .sluice/contexts.yaml of this folder or one above it, else in
~/.config/sluice/contexts.yaml. Without one: \`SLUICE_SERVER\` and \`SLUICE_TOKEN\`. Errors go to standard error; nothing is
coloured or redrawn where standard output is no terminal, or \`NO_COLOR\` is set.

| exit code | meaning |
| --- | --- |
${codes.join("\n")}

${commands.map((command) => section(command, "sluice")).join("\n")}`;
}

function section(command: Command, path: string): string {
  const name = `${path} ${command.name()}`;
  const children = command.commands.filter((each) => each.name() !== "help");
  if (children.length > 0)
    return `## ${name}\n\n${command.description()}\n\n${children.map((each) => subsection(each, name)).join("\n")}`;
  return `## ${usage(command, name)}\n\n${command.description()}\n${options(command)}`;
}

function subsection(command: Command, path: string): string {
  return `### ${usage(command, `${path} ${command.name()}`)}\n\n${command.description()}\n${options(command)}`;
}

function usage(command: Command, name: string): string {
  const taken = command.registeredArguments.map((each) =>
    each.required ? each.name().toUpperCase() : `[${each.name().toUpperCase()}]`,
  );
  return [name, ...taken].join(" ");
}

function options(command: Command): string {
  const rows = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description, defaultValue }) => {
      const shown =
        typeof defaultValue === "string" && defaultValue !== "" ? ` (default ${defaultValue})` : "";
      return `| \`${flags.replaceAll("|", "\\|")}\` | ${cell(description)}${shown} |`;
    });
  return rows.length === 0 ? "" : `\n| option | meaning |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
