import type { Question, Received } from "./messages.ts";
import { SimulatedNode, type Observer } from "./simulated-node.ts";

// Many simulated nodes in one process, and what came to them.

let resources = 0;
let downloads = 0;
let failedDownloads = 0;
let chains: Received["chains"][number][] = [];
const observer: Observer = {
  received: () => void resources++,
  downloaded: () => void downloads++,
  downloadFailed: () => void failedDownloads++,
  chainAcknowledged: (node, tick) => void chains.push({ node, tick, at: Date.now() }),
};

process.on("message", (question: Question) => {
  if (question.kind === "connect")
    for (const each of question.nodes) new SimulatedNode(question.push, each, observer).connect();
  process.send?.({ resources, downloads, failedDownloads, chains } satisfies Received);
  [resources, downloads, failedDownloads, chains] = [0, 0, 0, []];
});
process.once("disconnect", () => process.exit(0));
