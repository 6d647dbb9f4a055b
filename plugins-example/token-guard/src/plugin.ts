import { blockWithJson, cookieOf, definePlugin } from "sluice/plugin";

export interface TokenGuardConfig {
  /** Name of the cookie. Default `token`. */
  readonly cookie?: string;
  /** What it must hold. */
  readonly token: string;
}

/** Lets only those pass who bring the token in a cookie. Which paths it guards is the chain entry's `match`. */
export default definePlugin<TokenGuardConfig>({
  execute({ headers }, { config: { cookie = "token", token } }) {
    const brought = cookieOf(headers, cookie);
    if (brought !== undefined && sameText(brought, token)) return;
    const error = brought === undefined ? "token_missing" : "token_wrong";
    return blockWithJson(401, { error, cookie }, { "Cache-Control": "no-store" });
  },
});

/** Takes the same time wherever the first difference is. */
function sameText(brought: string, token: string): boolean {
  let different = brought.length ^ token.length;
  for (let i = 0; i < brought.length; i++)
    different |= brought.charCodeAt(i) ^ token.charCodeAt(i % token.length);
  return different === 0;
}
