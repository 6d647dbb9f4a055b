// What plugin authors import. Pure code: it is bundled into the plugin and runs in its isolate. The harness for tests
// and debugging is in testing.ts, which never gets there.

export type {
  FetchAnswer,
  FetchOptions,
  Plugin,
  PluginAnswer,
  PluginContext,
  PluginFetch,
  PluginHeader,
  PluginHeaders,
  PluginHeaderSet,
  PluginHeaderValue,
  PluginLog,
  PluginRequest,
  PluginStore,
  StoreOptions,
} from "../core/plugin-api.ts";
export { cookieOf, parseCookies, type Cookie } from "./cookies.ts";
export { definePlugin } from "./define-plugin.ts";
export { allow, blockWithJson, POSITION } from "./answers.ts";
