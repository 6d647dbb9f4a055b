/** Shorter ones are no secrets, and hiding every `1` would make a text unreadable. */
const SHORTEST = 4;
const MASK = "***";

/**
 * `text` without the secrets that a plugin was configured with: an `init` that throws may quote its config, and what
 * it threw is logged and shown. Only what stands there letter by letter is found.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  // Longest first, so that a secret that contains another one goes as a whole.
  const hidden = secrets.filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
  return hidden.reduce((shown, secret) => shown.replaceAll(secret, MASK), text);
}
