import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import type { BuildFailure, Message, Plugin } from "esbuild";

import { messageOf, type Problem } from "../errors.ts";
import { NotedInputs } from "./bundle-inputs.ts";
import { BundleError, refusal } from "./package-errors.ts";
import { MAX_SOURCE_MAP, SOURCE_MAP_COMMENT } from "./source-map.ts";

const SDK_NAME = "sluice/plugin";

/** In the path of what npm has put there, and nobody edits. */
const INSTALLED = `${sep}node_modules${sep}`;

/** The author's own SDK where it is installed; else that of the Sluice that packs. */
const SDK: Plugin = {
  name: "sluice-sdk",
  setup(build) {
    build.onResolve({ filter: /^sluice\/plugin$/ }, async ({ path, resolveDir, pluginData }) => {
      if (pluginData === SDK) return undefined;
      const own = await build.resolve(path, { resolveDir, kind: "import-statement", pluginData: SDK });
      return own.errors.length === 0 ? own : { path: fileURLToPath(import.meta.resolve(path)) };
    });
  },
};

/** Bundles under way, and those who keep it: esbuild's own process, 13 MiB, is there as long as one is. */
let users = 0;

/** Leaves esbuild's process for the next bundle, which takes a tenth of the time then, until this is disposed of. */
export function keepBundler(): AsyncDisposable {
  users++;
  return { [Symbol.asyncDispose]: leave };
}

async function leave(): Promise<void> {
  users--;
  const esbuild = await import("esbuild").catch(() => undefined);
  // Looked at last: somebody may have come meanwhile.
  if (users === 0) await esbuild?.stop();
}

/** What a plugin's TypeScript becomes. */
export interface Bundle {
  /** The one script that the plugin host runs: an ES module whose default export has the hooks. */
  readonly script: string;
  /** Absolute paths of the author's files that it is made of, wherever they lie; not those of installed packages. */
  readonly sources: readonly string[];
}

/**
 * Bundles a plugin's TypeScript. For development and packing only: a production sidecar has no esbuild and takes packed
 * JavaScript. Throws a `BundleError` with file and line of each problem.
 */
export async function bundlePlugin(where: string, directory: string, entry: string): Promise<Bundle> {
  const esbuild = await import("esbuild").catch(() => {
    const advice = "npm install --save-dev esbuild, or take a zip that `sluice plugin pack` made where it is";
    throw refusal(where, entry, `is TypeScript, and esbuild, which bundles it, is not installed: ${advice}`);
  });
  const inputs = new NotedInputs(directory, isAuthors);
  users++;
  try {
    const result = await esbuild.build({
      absWorkingDir: directory,
      entryPoints: [entry],
      bundle: true,
      write: false,
      outfile: "plugin.js",
      sourcemap: "external",
      sourcesContent: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      charset: "utf8",
      plugins: [SDK, inputs.plugin],
      legalComments: "none",
      logLevel: "silent",
    });
    const texts = result.outputFiles.map(({ text }) => text);
    return { script: withSourceMap(directory, texts), sources: inputs.sources };
  } catch (thrown) {
    const { errors } = thrown as Partial<BuildFailure>;
    if (errors === undefined) throw refusal(where, entry, messageOf(thrown));
    const problems = errors.map((error) => problemOf(where, entry, error));
    throw new BundleError(problems, inputs.failed(errors));
  } finally {
    await leave();
  }
}

/** The script with its map, so that what it throws in a plugin host names lines of its author's files. */
function withSourceMap(directory: string, [map = "", script = ""]: readonly string[]): string {
  const parsed = JSON.parse(map) as { sources: readonly string[] };
  const sources = parsed.sources.map((source) => (isOurs(resolve(directory, source)) ? SDK_NAME : source));
  const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify({ ...parsed, sources })).toString("base64");
  return comment.length > MAX_SOURCE_MAP ? script : `${script}${comment}\n`;
}

function isAuthors(path: string): boolean {
  return !path.includes(INSTALLED) && !isOurs(path);
}

/** Of the SDK that comes with this Sluice. Where that lies on a machine is nobody's business. */
function isOurs(path: string): boolean {
  return path.startsWith(dirname(fileURLToPath(import.meta.resolve(SDK_NAME))) + sep);
}

function problemOf(where: string, entry: string, { text, location }: Message): Problem {
  if (text === `Could not resolve "${entry}"`) return { where, key: entry, message: "there is no such file" };
  const message = `${text}${adviceFor(text)}`;
  if (location === null) return { where, key: entry, message };
  return { where, key: `${location.file}:${location.line}:${location.column + 1}`, message };
}

/** What to do about a package that is not there: it becomes a part of the script. */
function adviceFor(text: string): string {
  const name = /^Could not resolve "((?:@[^/"]+\/)?[^./"@][^/"]*)/.exec(text)?.[1];
  if (name === undefined) return "";
  if (name.startsWith("node:")) return ": plugins run without Node's modules";
  return `: install it in the plugin's folder (npm install ${name}), and it is bundled into the script`;
}
