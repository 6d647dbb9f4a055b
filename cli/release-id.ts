import { nameOf } from "./kind-and-name.ts";
import { usageError } from "./usage-error.ts";

/** What `<id>` is, for help. */
export const RELEASE_ID = "the release's number, as in `sluice get releases`";

/** The number of a release, as text for the API: of `7`, or of `release/7`. */
export function parseReleaseId(word: string): string {
  const text = nameOf("release")(word);
  if (/^[1-9]\d{0,14}$/.test(text)) return text;
  throw usageError(
    `expected the number of a release such as 7, not ${JSON.stringify(text)}; \`sluice get releases\` lists them`,
  );
}
