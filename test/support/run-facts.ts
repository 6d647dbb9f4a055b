import type { Run } from "../../sidecar/plugin-host/protocol/messages.ts";
import { RequestView } from "../../sidecar/plugin-host/world/request.ts";

/** What a plugin would see of a run. */
export function factsOf(run: Run): RequestView {
  return new RequestView(run.message, "", "", 0);
}
