import { suggestion } from "../../../core/nearest.ts";
import { OperationError } from "../../model/operation-error.ts";
import type { LogChunk, NodeLogs } from "../../reports/node-logs.ts";
import type { KnownNode, NodeReports } from "../../reports/node-reports.ts";
import type { Store } from "../../store/store.ts";
import { nodeAnswer } from "../answers/node-answer.ts";
import { pageAnswer, pageOf, pageRequest } from "../answers/page-answer.ts";
import type { NODE_ENDPOINTS } from "../contract/node-endpoints.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import type { TextPiece } from "../text-answer.ts";
import { readableClusters } from "../readable.ts";

const DEFAULT_TAIL = 64 * 1024;

/** What the handlers of nodes work with. */
export interface NodeParts {
  readonly store: Store;
  readonly reports: NodeReports;
  readonly logs: NodeLogs;
  /** Resolves when what is known of these nodes is on disk. */
  readonly saveReports: (nodes: readonly string[]) => Promise<void>;
}

export function nodeHandlers({
  store,
  reports,
  logs,
  saveReports,
}: NodeParts): EndpointHandlers<keyof typeof NODE_ENDPOINTS> {
  const known = (id: string): KnownNode => {
    const node = reports.get(id);
    if (node !== undefined) return node;
    const near = suggestion(
      id,
      reports.list().map(({ node }) => node.id),
    );
    throw new OperationError("not_found", `no node ${JSON.stringify(id)} has reported${near}`);
  };
  return {
    listNodes: async ({ actor, query }) => {
      const { cluster, presence, sync } = query;
      const readable = await store.read(async (view) => readableClusters(view, actor));
      const wanted = reports.list(cluster).filter(({ node }) => {
        return (
          readable(node.cluster) &&
          (presence === undefined || reports.presence(node.id) === presence) &&
          (sync === undefined || reports.sync(node.id) === sync)
        );
      });
      const page = pageOf(wanted, ({ node }) => node.id, pageRequest(query));
      return pageAnswer(page, (node) => nodeAnswer(node, reports));
    },
    getNode: async ({ params }) => nodeAnswer(known(params.node), reports),
    forgetNode: async ({ actor, params }) => {
      const { node } = known(params.node);
      const presence = reports.presence(node.id);
      if (presence !== "OFFLINE") {
        throw new OperationError(
          "wrong_state",
          `node ${node.id} is ${presence}: only one that is OFFLINE is forgotten`,
        );
      }
      await store.change(actor, "node.operate", async (change) => change.nodes.delete(node.id));
      reports.forget(node.id);
    },
    retryNode: async ({ actor, params }) => {
      const { node } = known(params.node);
      await store.noted(actor, "node.retry", `node ${node.id}`);
      reports.retry(node.id);
      await saveReports([node.id]);
      return nodeAnswer(known(node.id), reports);
    },
    readLog: async ({ actor, params, query, signal }) => {
      const { tail = DEFAULT_TAIL, follow = false, after } = query;
      const { node, plugin } = params;
      const request = { reader: actor.tokenId, node, plugin, tailBytes: tail, follow, after };
      // Asked now: who is refused has an answer, not a stream that breaks.
      return pieces(logs.read(request, signal));
    },
  };
}

async function* pieces(chunks: AsyncIterable<LogChunk>): AsyncGenerator<TextPiece> {
  for await (const { lines, dropped, lost, position } of chunks) {
    const missing = [
      ...(lost ? ["(lines are missing here: they are not kept any more)"] : []),
      ...(dropped > 0 ? [`(${dropped} lines were lost here: somebody on the way was too slow)`] : []),
    ];
    const text = [...missing, ...lines].map((line) => `${line}\n`).join("");
    yield { text, position };
  }
}
