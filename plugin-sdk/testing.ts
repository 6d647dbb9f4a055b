// For authors' tests and debuggers: runs a plugin in this process, under the rules of the real host. Never import it
// from a plugin: it would be bundled into it.

export { createHarness, type Harness, type HarnessOptions } from "./harness.ts";
export { type HarnessExchange, type HarnessRequest, type HarnessResponse } from "./harness-message.ts";
export { type HarnessOutcome } from "./harness-outcome.ts";
