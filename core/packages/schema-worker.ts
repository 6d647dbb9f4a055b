import { parentPort } from "node:worker_threads";

import { InputError, messageOf } from "../errors.ts";
import { checkConfig, checkSchema } from "./config-schema.ts";
import type { SchemaResult, SchemaTask } from "./schema-thread.ts";

// The thread of `SchemaThread`: makes one check after the other, each at most for its own time on the CPU.

function resultOf(task: SchemaTask): SchemaResult {
  try {
    if (task.kind === "schema") return { kind: "schema", schema: checkSchema(task.where, task.text) };
    return { kind: "config", check: checkConfig(task.schema, task.config, task.where, task.key) };
  } catch (thrown) {
    if (thrown instanceof InputError) return { kind: "refused", problems: thrown.problems };
    return { kind: "refused", problems: [{ where: task.where, message: messageOf(thrown) }] };
  }
}

parentPort?.on("message", (task: SchemaTask) => parentPort?.postMessage(resultOf(task)));
