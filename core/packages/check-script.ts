import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { messageOf } from "../errors.ts";
import { ChildStartError, startChild } from "../start-child.ts";
import { refusal } from "./package-errors.ts";

/**
 * Parses a module from standard input, evaluates nothing of it, and prints what it imports or what is wrong. Where that
 * is, only an error that nobody catches tells.
 */
const PARSE = `
const { SourceTextModule } = require("node:vm");
const { readFileSync, writeSync } = require("node:fs");
const tell = (outcome) => writeSync(1, JSON.stringify(outcome));
try {
  const { moduleRequests } = new SourceTextModule(readFileSync(0, "utf8"), { identifier: "script" });
  tell({ imports: moduleRequests.slice(0, 1).map(({ specifier }) => specifier) });
} catch (error) {
  if (error.name === "SyntaxError") tell({ problem: error.message });
  throw error;
}
`;

/** What the parser prints; neither: it could not do its work. */
interface Outcome {
  readonly imports?: readonly string[];
  readonly problem?: string;
}

/** MiB; a script may be 8 MiB long, and its tree is a multiple of that. */
const HEAP = 512;
/** ms; parsing the longest script takes a small part of it. */
const LONGEST = 20_000;

/**
 * Refuses a plugin's script that is no module or that imports something, which a node could not load either. Parsed in
 * a process of its own, by the engine that nodes run: what its author wrote may take all memory and time there. Throws
 * an `InputError` with line and column, or a `ChildStartError`, which says nothing about the script.
 */
export async function checkScript(where: string, entry: string, source: string): Promise<void> {
  const { imports, problem, position } = await parse(source).catch((error: unknown) => {
    if (error instanceof ChildStartError) throw error;
    throw refusal(where, entry, `cannot be checked: ${messageOf(error)}`);
  });
  if (problem !== undefined) throw refusal(where, `${entry}${position}`, problem);
  if (imports === undefined)
    throw refusal(where, entry, "cannot be parsed: it is nested too deep, or too large");
  const [imported] = imports;
  if (imported !== undefined)
    throw refusal(where, entry, `imports '${imported}': bundle the script into one file`);
}

async function parse(source: string): Promise<Outcome & { readonly position: string }> {
  const flags = ["--experimental-vm-modules", "--no-warnings", `--max-old-space-size=${HEAP}`];
  const limits = { timeout: LONGEST, killSignal: "SIGKILL" } as const;
  const { child: parser, started } = startChild("the parser of scripts", () =>
    spawn(process.execPath, [...flags, "--eval", PARSE], { env: {}, stdio: "pipe", ...limits }),
  );
  await started;
  // It may end before it has read everything.
  parser.stdin.on("error", () => undefined).end(source);
  const [output, errors] = await Promise.all([
    text(parser.stdout),
    text(parser.stderr),
    once(parser, "close"),
  ]);
  const outcome: Outcome = output === "" ? {} : (JSON.parse(output) as Outcome);
  return { ...outcome, position: positionIn(errors) };
}

/** `:3:14` of `script:3`, the line itself, and carets below the column; a line too long for a pipe loses the column. */
function positionIn(errors: string): string {
  const [first = "", ...rest] = errors.split("\n");
  const line = /^script(:\d+)$/.exec(first)?.[1] ?? "";
  const carets = rest.find((each) => /^\s*\^+$/.test(each));
  return carets === undefined ? line : `${line}:${carets.indexOf("^") + 1}`;
}
