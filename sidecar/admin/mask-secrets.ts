const SECRET_NAME =
  /pass(?:word|phrase|wd)?$|secret|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i;
/** `https://user:password@host` */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;
const MASK = "***";

/**
 * `value` as it may be shown: what stands under a name that sounds like a secret is hidden, and so are users and
 * passwords in addresses. Rather one harmless value hidden than one password shown. References to secrets
 * (`fromEnv`, `fromFile`) stay: they say where it is, not what it is.
 */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(USER_INFO, `$1${MASK}@`);
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAME.test(name) ? masked(each) : maskSecrets(each),
    ]),
  );
}

function masked(value: unknown): unknown {
  if (typeof value === "boolean" || value === null || value === undefined) return value;
  return isReference(value) ? value : MASK;
}

function isReference(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => name === "fromEnv" || name === "fromFile");
}
