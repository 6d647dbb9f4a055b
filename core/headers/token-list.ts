import { isToken } from "./field-syntax.ts";

/**
 * The lower-case elements of a `#token` list (RFC 9110 §5.6.1), empty elements left out; undefined if an element is
 * no token. For lists that are rarely read: it allocates.
 */
export function tokenList(value: string): readonly string[] | undefined {
  const tokens: string[] = [];
  for (const element of value.split(",")) {
    const token = trimWhiteSpace(element);
    if (token === "") continue;
    if (!isToken(token)) return undefined;
    tokens.push(token.toLowerCase());
  }
  return tokens;
}

/** Without spaces and tabs around it; `String.trim` would take more than HTTP calls white space. */
export function trimWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpaceOrTab(text, start)) start++;
  while (end > start && isSpaceOrTab(text, end - 1)) end--;
  return text.slice(start, end);
}

function isSpaceOrTab(text: string, at: number): boolean {
  const char = text[at];
  return char === " " || char === "\t";
}
