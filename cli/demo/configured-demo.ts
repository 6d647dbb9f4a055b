import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { ApiClient } from "../../control-plane/api/contract/client.ts";
import { formatAddress } from "../../core/address.ts";
import type { CommandLine } from "../command-line.ts";
import { makeChain, makeCluster, makeTokens, uploadExamples, type DemoTokens } from "./bootstrap.ts";
import { releaseExamples } from "./first-releases.ts";
import { LivePlugins } from "./live-plugins.ts";
import type { DemoOptions } from "./options.ts";
import type { DemoState } from "./state.ts";

/** The file in the control plane's folder that holds the first admin's token. */
const ADMIN_TOKEN = "admin.token";

/** Everything that a control plane must know before the demo's sidecar connects; what is there already stays. */
export async function prepareControlPlane(
  { api, plugins }: DemoOptions,
  state: DemoState,
): Promise<DemoTokens> {
  const server = `http://${formatAddress(api)}`;
  const secret = (await readFile(join(state.controlPlane, ADMIN_TOKEN), "utf8")).trim();
  await using admin = new ApiClient({ baseUrl: server, token: secret });
  await makeCluster(admin);
  const tokens = (await state.tokens()) ?? (await makeTokens(admin));
  await state.save(server, tokens);
  await using dev = new ApiClient({ baseUrl: server, token: tokens.dev });
  await uploadExamples(admin, dev, plugins);
  await makeChain(admin);
  return tokens;
}

/**
 * Brings the example plugins into force on the sidecar, which is connected; from then on edits of them too. Rejects when
 * `left` aborts before.
 */
export async function bringIntoForce(
  { output, clock }: CommandLine,
  { api, plugins }: DemoOptions,
  { dev, ops }: DemoTokens,
  left: AbortSignal,
): Promise<AsyncDisposable> {
  const server = `http://${formatAddress(api)}`;
  await using stack = new AsyncDisposableStack();
  const developer = stack.use(new ApiClient({ baseUrl: server, token: dev }));
  const operator = stack.use(new ApiClient({ baseUrl: server, token: ops }));
  const say = (text: string): void => void output.write(text);
  await releaseExamples(developer, operator, say, left);
  stack.use(await LivePlugins.watch({ folder: plugins, dev: developer, ops: operator, clock, say }));
  return stack.move();
}
