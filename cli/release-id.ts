import { usageError } from "./usage-error.ts";

/** What `<id>` is, for help. */
export const RELEASE_ID = "the release's number, as in `sluice get releases`";

/** The number of a release, as text for the API. */
export function parseReleaseId(text: string): string {
  if (/^[1-9]\d{0,14}$/.test(text)) return text;
  throw usageError(
    `expected the number of a release such as 7, not ${JSON.stringify(text)}; \`sluice get releases\` lists them`,
  );
}
