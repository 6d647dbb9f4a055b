import { dirname, join, resolve } from "node:path";

import type { Message, Plugin } from "esbuild";

import type { BundleInputs } from "./package-errors.ts";

/** Endings that an import may leave out. */
const ENDINGS = ["", ".tsx", ".ts", ".jsx", ".js", ".css", ".json"];
/** Endings of JavaScript under which TypeScript is imported. */
const JAVASCRIPT = /\.[cm]?jsx?$/;
const TYPESCRIPT = [".ts", ".tsx"];

/** What a bundle is being made of: noted while esbuild reads it, since esbuild tells only of a bundle that succeeded. */
export class NotedInputs {
  readonly #directory: string;
  readonly #isAuthors: (path: string) => boolean;
  readonly #read = new Set<string>();

  constructor(directory: string, isAuthors: (path: string) => boolean) {
    this.#directory = directory;
    this.#isAuthors = isAuthors;
  }

  get plugin(): Plugin {
    return {
      name: "sluice-inputs",
      setup: (build) => {
        build.onLoad({ filter: /./, namespace: "file" }, ({ path }) => {
          if (this.#isAuthors(path)) this.#read.add(path);
          return undefined;
        });
      },
    };
  }

  /** In an order that does not change: esbuild reads several files at once. */
  get sources(): readonly string[] {
    return [...this.#read].sort();
  }

  /** Those of a bundle that failed. */
  failed(errors: readonly Message[]): BundleInputs {
    const missing = errors.flatMap((error) => lookedFor(this.#directory, error));
    return { sources: this.sources, missing: [...new Set(missing)] };
  }
}

/** Paths at which an import by path is looked for, where nothing was found. */
function lookedFor(directory: string, { text, location }: Message): readonly string[] {
  const path = /^Could not resolve "(\.{0,2}\/[^"]*|\.{1,2})"/.exec(text)?.[1];
  if (path === undefined || location === null) return [];
  const target = resolve(directory, dirname(location.file), path);
  const typed = JAVASCRIPT.test(target) ? TYPESCRIPT.map((end) => target.replace(JAVASCRIPT, end)) : [];
  return [...ENDINGS.flatMap((end) => [target + end, join(target, `index${end}`)]), ...typed];
}
