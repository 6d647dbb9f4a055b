import { allow, definePlugin, POSITION } from "sluice/plugin";

export interface HeaderTagConfig {
  readonly requestHeader?: string;
  readonly responseHeader?: string;
  readonly responseValue?: string;
}

/** Tells the app under which tag a request came in, and the client who served it. */
export default definePlugin<HeaderTagConfig | undefined>({
  execute(request, { config }) {
    if (request.position === POSITION.response) {
      return allow({ [config?.responseHeader ?? "X-WEB-Served-By"]: config?.responseValue ?? "sluice" });
    }
    return allow({ [config?.requestHeader ?? "X-WEB-Tag"]: request.tag === "" ? "untagged" : request.tag });
  },
});
