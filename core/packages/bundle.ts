import type { BuildFailure, Message } from "esbuild";

import { InputError, messageOf, type Problem } from "../errors.ts";
import { refusal } from "./package-errors.ts";

/** Bundles under way: esbuild's own process, 13 MiB, is there as long as one is. */
let underWay = 0;

/**
 * Bundles a plugin's TypeScript into the one script that the plugin host runs: an ES module whose default export has the
 * hooks. For development and packing only: a production sidecar has no esbuild and takes packed JavaScript. Throws an
 * `InputError` with file and line of each problem.
 */
export async function bundlePlugin(where: string, directory: string, entry: string): Promise<string> {
  const esbuild = await import("esbuild").catch(() => {
    const advice = "pack the plugin with `sluice plugin pack` where the development dependencies are";
    throw refusal(where, entry, `is TypeScript, and esbuild, which bundles it, is not installed: ${advice}`);
  });
  underWay++;
  try {
    const result = await esbuild.build({
      absWorkingDir: directory,
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
    });
    return result.outputFiles[0]?.text ?? "";
  } catch (thrown) {
    const { errors } = thrown as Partial<BuildFailure>;
    if (errors === undefined) throw refusal(where, entry, messageOf(thrown));
    throw new InputError(errors.map((error) => problemOf(where, entry, error)));
  } finally {
    if (--underWay === 0) await esbuild.stop();
  }
}

function problemOf(where: string, entry: string, { text, location }: Message): Problem {
  if (location === null) return { where, key: entry, message: text };
  return { where, key: `${location.file}:${location.line}:${location.column + 1}`, message: text };
}
