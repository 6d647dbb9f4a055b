import type { Grant } from "./access.ts";

/** Who does something: somebody with a token, or the control plane itself (a schedule, what nodes' reports imply). */
export type Actor =
  | {
      readonly kind: "token";
      /** The name that audit and guards such as "not its author" go by. */
      readonly name: string;
      readonly tokenId: string;
      readonly grants: readonly Grant[];
      /** The only node that a `node` token speaks for. */
      readonly node: string | undefined;
    }
  | { readonly kind: "system"; readonly name: "schedule" | "reports" | "bootstrap" | "restore" };

/** What audit, authors and guards go by: `dana`, `system/reports`. No token has a name that begins with `system/`. */
export function actorName(actor: Actor): string {
  return actor.kind === "system" ? `system/${actor.name}` : actor.name;
}
