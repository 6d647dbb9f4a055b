/** isolated-vm copies strings below 1024 bytes into the isolate's young generation. */
const PART = 1000;

/**
 * A text as arguments that are short enough. A longer string would be made an external one in the isolate's old
 * generation, which only a full collection frees: 1.6 kB for each question stayed until the isolate had reached its
 * memory limit (measured). `whole` in world/world.ts puts them together.
 */
export function partsOf(text: string): string[] {
  if (text.length <= PART) return [text];
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += PART) parts.push(text.slice(at, at + PART));
  return parts;
}
