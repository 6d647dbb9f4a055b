import type { Alarm } from "../model/alarm.ts";

/** What is wrong at this moment: an alarm without its beginning. */
export type Trouble = Omit<Alarm, "since">;

const NOTHING = { cluster: undefined, node: undefined, plugin: undefined, release: undefined } as const;

/** `about` makes the key: the same trouble, the same key. */
export function trouble(
  kind: Trouble["kind"],
  about: readonly (string | number)[],
  message: string,
  where: Partial<Pick<Trouble, "cluster" | "node" | "plugin" | "release">> = {},
): Trouble {
  return { ...NOTHING, ...where, kind, key: [kind, ...about].join("/"), message };
}
