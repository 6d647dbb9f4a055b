/** Apart, since packing Sluice makes `.js` of a path to a script in its own code. */
const SCRIPT = "plugin.ts";

/** What a new plugin's folder holds: texts by path. They work as they are, and are there to be changed. */
export function firstFiles(name: string): Readonly<Record<string, string>> {
  return {
    "plugin.yaml": `apiVersion: sluice/v1
kind: Plugin
name: ${name}
version: 1.0.0
runtime: isolate
positions: [request]
# What stands in when it fails: open lets the request go on, closed answers 503.
failurePolicy: open
`,
    "config.schema.json": `{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "greeting": {
      "description": "What the app is told.",
      "type": "string",
      "minLength": 1,
      "default": "hello"
    }
  }
}
`,
    "src/plugin.ts": `import { allow, definePlugin } from "sluice/plugin";

interface Config {
  readonly greeting: string;
}

/** Tells the app a greeting, in a header of the request. */
export default definePlugin<Config>({
  execute(request, { config, log }) {
    log.debug(request.method, request.path);
    return allow({ "X-WEB-Greeting": config.greeting });
  },
});
`,
    "src/plugin.test.ts": `import assert from "node:assert/strict";
import { test } from "node:test";

import { createHarness } from "sluice/plugin-testing";
import plugin from "./${SCRIPT}";

test("the app is greeted, whatever the client says", async () => {
  await using harness = await createHarness(plugin, { config: { greeting: "good day" } });

  const outcome = await harness.request({ headers: [["X-WEB-Greeting", "forged"]] });

  assert.partialDeepStrictEqual(outcome, { kind: "continue", headers: [["X-WEB-Greeting", "good day"]] });
});
`,
  };
}
