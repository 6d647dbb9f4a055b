import { InputError, MeshError, messageOf, type Problem } from "../errors.ts";

/** The bytes are no whole zip: broken, or a copy that is still under way. */
export class TornArchiveError extends InputError {}

/** What a script was bundled from, or could not be. Absolute paths. */
export interface BundleInputs {
  /** The author's files that were read, wherever they lie; not those of installed packages. */
  readonly sources: readonly string[];
  /** Where an imported file was looked for that is not there. */
  readonly missing: readonly string[];
}

/** TypeScript that makes no package. What is wrong may be put right in any of its inputs. */
export class BundleError extends InputError {
  readonly inputs: BundleInputs;

  constructor(problems: readonly Problem[], inputs: BundleInputs) {
    super(problems);
    this.inputs = inputs;
  }
}

/** The cache folder cannot be written or read; says nothing about the package. */
export class PackageCacheError extends MeshError<"package_cache"> {
  constructor(directory: string, cause: unknown) {
    super(`plugin cache ${directory}: ${messageOf(cause)}`, {
      code: "package_cache",
      source: "internal",
      retryable: true,
      cause,
    });
  }
}

/** One problem that refuses a package as a whole; `where` is the package's file, `key` what in it. */
export function refusal(where: string, key: string | undefined, message: string): InputError {
  return new InputError([key === undefined ? { where, message } : { where, key, message }]);
}

/** `name` is in the zip's root, which holds the package's folder and nothing else. */
export function strayInRoot(where: string, name: string): InputError {
  return refusal(where, name, "stands beside the one folder, named like the plugin, that a zip must hold");
}
