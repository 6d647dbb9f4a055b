import type { Plugin } from "../core/plugin-api.ts";

/** Gives a plugin its types; `export default definePlugin<Config>({ execute(request, context) { … } })`. */
export function definePlugin<Config = unknown>(plugin: Plugin<Config>): Plugin<Config> {
  return plugin;
}
