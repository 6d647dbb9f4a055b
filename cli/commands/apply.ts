import { Command } from "commander";
import { stringify } from "yaml";

import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { readDocuments } from "../documents.ts";
import { lineDifference } from "../output/line-difference.ts";

type Outcome = ApiAnswer<"applyDocument">["changes"][number];

interface ApplyFlags {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
}

const file = "YAML or JSON, several documents in one file; - is standard input";

/** `sluice apply -f FILE`: makes or changes what the documents name; never deletes. */
export function applyCommand(line: CommandLine): Command {
  return new Command("apply")
    .requiredOption("-f, --filename <file...>", file)
    .option("--dry-run", "tells what it would do")
    .action(async ({ filename, dryRun = false }: ApplyFlags, command: Command) => {
      const changes = await ask(line, command, filename, dryRun);
      const note = dryRun ? " (dry run)" : "";
      for (const { kind, key, operation } of changes)
        line.output.write(`${kind}/${key} ${WORDS[operation]}${note}\n`);
    });
}

/** `sluice diff -f FILE`: what `apply` would change; exit code 9 where that is something. */
export function diffCommand(line: CommandLine): Command {
  return new Command("diff")
    .requiredOption("-f, --filename <file...>", file)
    .action(async ({ filename }: ApplyFlags, command: Command) => {
      const changes = await ask(line, command, filename, true);
      const different = changes.filter(({ operation }) => operation !== "none");
      for (const change of different) line.output.write(difference(change));
      if (different.length > 0) line.ended("differs");
    });
}

const WORDS = { create: "created", update: "changed", none: "unchanged" } as const;

async function ask(
  line: CommandLine,
  command: Command,
  files: readonly string[],
  dryRun: boolean,
): Promise<readonly Outcome[]> {
  const documents: unknown[] = [];
  for (const each of files) documents.push(...(await readDocuments(line.directory, each)));
  await using connection = await connect(line, command);
  const { changes } = await connection.client.call("applyDocument", { body: { documents, dryRun } });
  return changes;
}

function difference({ kind, key, before, after }: Outcome): string {
  return `${kind}/${key}\n${lineDifference(linesOf(before), linesOf(after))}`;
}

function linesOf(value: unknown): readonly string[] {
  return value === undefined ? [] : stringify(value).trimEnd().split("\n");
}
