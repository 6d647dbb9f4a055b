const SECRET_NAME =
  /pass(?:word|phrase|wd)?$|secret|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i;
/** `https://user:password@host` */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;
const MASK = "***";

/** `{ name: "authorization", value: "…" }`: what the one says the other is. */
const NAME_KEYS = ["name", "key", "header"];
const VALUE_KEYS = ["value", "values"];

/**
 * `value` as it may be shown: what stands under a name that sounds like a secret is hidden, and so are users and
 * passwords in addresses. Rather one harmless value hidden than one password shown. References to secrets
 * (`fromEnv`, `fromFile`) stay: they say where it is, not what it is.
 */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(USER_INFO, `$1${MASK}@`);
  if (Array.isArray(value)) return maskedList(value);
  if (typeof value !== "object" || value === null) return value;
  const namesSecret = Object.entries(value).some(
    ([key, each]) => NAME_KEYS.includes(key) && soundsSecret(each),
  );
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const isSecret = SECRET_NAME.test(name) || (namesSecret && VALUE_KEYS.includes(name));
      return [name, isSecret ? masked(each) : maskSecrets(each)];
    }),
  );
}

/** A pair may be a name and its value. */
function maskedList(list: readonly unknown[]): readonly unknown[] {
  const [name, value] = list;
  return list.length === 2 && soundsSecret(name) ? [name, masked(value)] : list.map(maskSecrets);
}

function soundsSecret(value: unknown): boolean {
  return typeof value === "string" && SECRET_NAME.test(value);
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
