import type { PluginAnswer, PluginHeaderSet } from "../core/plugin-api.ts";

/** `request.position`: before the app is asked, and when its answer's head is there. */
export const POSITION = { request: 0, response: 1 } as const;

/** Let the exchange go on, with these headers changed. */
export function allow(headerSet: PluginHeaderSet): PluginAnswer {
  return { httpCode: 0, headerSet };
}

/** Answer the client in place of the app, with `content` as JSON. */
export function blockWithJson(
  httpCode: number,
  content: unknown,
  headers: Readonly<Record<string, string | number>> = {},
): PluginAnswer {
  const headerSet = { "Content-Type": "application/json", ...headers };
  return { httpCode, headerSet, body: `${JSON.stringify(content)}\n` };
}
