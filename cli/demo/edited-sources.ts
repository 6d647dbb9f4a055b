import { statSync } from "node:fs";

import type { BundleInputs } from "../../core/packages/package-errors.ts";

/** What the scripts of folders were last bundled from, or would have been. */
export class EditedSources {
  /** By the folder's path. */
  readonly #inputs = new Map<string, BundleInputs>();
  /** Of what a folder lacked, what was seen to have come. */
  readonly #come = new Map<string, ReadonlySet<string>>();

  set(folder: string, inputs: BundleInputs): void {
    this.#inputs.set(folder, inputs);
    if (inputs.missing.length === 0) this.#come.delete(folder);
  }

  delete(folder: string): void {
    this.#inputs.delete(folder);
    this.#come.delete(folder);
  }

  /** Folders that have the file at `path` in their scripts, as far as it was seen. */
  usersOf(path: string): readonly string[] {
    const entries = [...this.#inputs];
    return entries.filter(([, { sources }]) => sources.includes(path)).map(([folder]) => folder);
  }

  /** Folders for which a file has come that their scripts import and lacked. Each file counts once. */
  completed(): readonly string[] {
    return [...this.#inputs].flatMap(([folder, { missing }]) => {
      const before = this.#come.get(folder);
      const come = missing.filter(isFile);
      if (missing.length > 0) this.#come.set(folder, new Set(come));
      return come.some((path) => before?.has(path) !== true) ? [folder] : [];
    });
  }
}

/** What may not be looked at, or leads nowhere, is none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
