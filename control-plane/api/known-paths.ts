import { ENDPOINTS } from "./contract/endpoints.ts";
import { API_PREFIX } from "./contract/prefix.ts";

const PATTERNS = Object.values(ENDPOINTS).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${API_PREFIX}${path.replaceAll(/:[a-z]+/g, "[^/]+")}$`),
}));

/** The methods that a path takes; none: there is no such path. */
export function methodsOf(path: string): readonly string[] {
  return PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}
