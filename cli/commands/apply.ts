import { Command } from "commander";
import { stringify } from "yaml";

import { ApiError } from "../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import { describeProblem } from "../../core/errors.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { readDocuments, type SourceDocument } from "../documents.ts";
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
    .option("--dry-run", "checks all of it and tells what it would do")
    .action(async ({ filename, dryRun = false }: ApplyFlags, command: Command) => {
      const changes = await ask(line, command, filename, async (client, documents) => {
        return (await client.call("applyDocument", { body: { documents, dryRun } })).changes;
      });
      const note = dryRun ? " (dry run)" : "";
      for (const { kind, key, operation } of changes)
        line.output.write(`${kind}/${key} ${WORDS[operation]}${note}\n`);
    });
}

/** `sluice diff -f FILE`: how what is there differs; exit code 9 where it does. */
export function diffCommand(line: CommandLine): Command {
  return new Command("diff")
    .requiredOption("-f, --filename <file...>", file)
    .action(async ({ filename }: ApplyFlags, command: Command) => {
      const changes = await ask(line, command, filename, async (client, documents) => {
        return (await client.call("diffDocuments", { body: { documents } })).changes;
      });
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
  question: (client: ApiClient, documents: unknown[]) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  const sources: SourceDocument[] = [];
  for (const each of files) sources.push(...(await readDocuments(line.directory, each)));
  await using connection = await connect(line, command);
  try {
    return await question(
      connection.client,
      sources.map(({ value }) => value),
    );
  } catch (error) {
    throw error instanceof ApiError ? placed(error, sources) : error;
  }
}

/** The same refusal, which names file and line where the control plane names the document of the request. */
function placed(error: ApiError, sources: readonly SourceDocument[]): ApiError {
  const lines = error.problems.map(({ where, key, message }) => {
    const index = /^documents\[(\d+)\]$/.exec(where)?.[1];
    const place = index === undefined ? undefined : sources[Number(index)]?.place(key);
    const problem = { where: place ?? where, message };
    return describeProblem(key === undefined ? problem : { ...problem, key });
  });
  if (lines.length === 0) return error;
  const { code, status, requestId } = error;
  return new ApiError(lines.join("\n"), { code, status, requestId, cause: error });
}

function difference({ kind, key, before, after }: Outcome): string {
  return `${kind}/${key}\n${lineDifference(linesOf(before), linesOf(after))}`;
}

/** Without the revision, which is another one after every change. */
function linesOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const { revision: _, ...members } = value as Readonly<Record<string, unknown>>;
  return stringify(members).trimEnd().split("\n");
}
