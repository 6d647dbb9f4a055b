import { InputError, MeshError, messageOf } from "../errors.ts";

/** The bytes are no whole zip: broken, or a copy that is still under way. */
export class TornArchiveError extends InputError {}

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
