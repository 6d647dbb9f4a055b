import type { Command } from "commander";

import { ASKED_ENDPOINTS } from "../cli/commands/asked-endpoints.ts";
import { connectionOptions } from "../cli/connection-flags.ts";
import { COMMANDS } from "../cli/commands/commands.ts";
import { EXIT_CODES } from "../cli/exit-codes.ts";
import { ENDPOINTS, type EndpointName } from "../control-plane/api/contract/endpoints.ts";
import { ACTIONS } from "../control-plane/model/access.ts";
import { idleLine } from "../test/support/idle-line.ts";

const commands = await Promise.all(
  COMMANDS.map(async ({ description, load }) => (await load(idleLine())).description(description)),
);

/** docs/command.md, made of the commands themselves. */
export function commandPage(): string {
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${cell(meaning)} |`);
  const connection = connectionOptions().map(({ flags, long, description }) => {
    const variable = `SLUICE_${long?.slice(2).toUpperCase()}`;
    return `| \`${flags}\` | \`${variable}\` | ${cell(description)} |`;
  });
  return `<!-- Made by \`npm run generate\` from cli/; a test compares. -->

# The command

\`sluice [--context NAME | --server URL] COMMAND …\`; these flags may follow the command's name too. A context says which
control plane and as whom; contexts stand in the file that \`SLUICE_CONTEXTS\` names, else in .sluice/contexts.yaml of this
folder or one above it, else in ~/.config/sluice/contexts.yaml. A flag counts more than the environment, and that more than
the context. Errors go to standard error; nothing is
coloured or redrawn where standard output is no terminal, or \`NO_COLOR\` is set. A watch (\`-w\`, \`-f\`, \`wait\`) whose
connection is lost goes on when the control plane is back, and says both on standard error. Roles are those of the
context's token, where its grants apply: [control-plane.md](control-plane.md) has more of them.

| flag | environment | meaning |
| --- | --- | --- |
${connection.join("\n")}
| | \`SLUICE_TOKEN\` | the token, instead of that of the context; no flag, so that no shell remembers it |

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
  return `## ${usage(command, name)}\n\n${command.description()}${roles(name)}\n${options(command)}`;
}

function subsection(command: Command, path: string): string {
  const name = `${path} ${command.name()}`;
  return `### ${usage(command, name)}\n\n${`${command.description()}${roles(name)}`.trim()}\n${options(command)}`;
}

/** The roles that it takes, by the tables of what commands ask and of rights; `name`: with `sluice`. */
function roles(name: string): string {
  const command = name.replace(/^sluice /, "");
  if (command === "get") return ` ${listingRoles()}`;
  const endpoint = ASKED_ENDPOINTS[command];
  if (endpoint === undefined) return "";
  if (endpoint === "diffDocuments")
    return " Takes any role of a person, where what the documents name may be read; for webhooks role admin. `apply --dry-run` checks more: that it fits what is there, and that one may.";
  if (endpoint === "applyDocument")
    return " Takes the rights to write what the documents name, also where nothing is written: see [api.md](api.md).";
  return ` Takes ${rolesOf(endpoint)}.`;
}

/** Kinds of things by who may list them. */
function listingRoles(): string {
  const kinds = Object.entries(ASKED_ENDPOINTS).filter(([command]) => command.startsWith("get "));
  const grouped = Object.entries(Object.groupBy(kinds, ([, endpoint]) => rolesOf(endpoint)));
  const texts = grouped.map(
    ([who, of = []]) => `${of.map(([command]) => command.replace("get ", "")).join(", ")} take ${who}`,
  );
  return `Of the kinds ${texts.join("; ")}.`;
}

function rolesOf(name: EndpointName): string {
  const { right } = ENDPOINTS[name];
  if (right === "none") return "no role";
  if (right === "read") return "any role of a person";
  const [last = "", ...others] = ACTIONS[right].toReversed();
  return others.length === 0 ? `role ${last}` : `role ${others.toReversed().join(", ")} or ${last}`;
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
    .map(({ flags, description, defaultValue, mandatory }) => {
      const shown =
        typeof defaultValue === "string" && defaultValue !== "" ? ` (default ${defaultValue})` : "";
      const needed = mandatory ? "**required** " : "";
      return `| \`${flags.replaceAll("|", "\\|")}\` | ${needed}${cell(description)}${shown} |`;
    });
  return rows.length === 0 ? "" : `\n| option | meaning |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
