import { HeaderBlock } from "../core/headers/header-block.ts";
import { isMeshName } from "../core/headers/header-rules.ts";
import { messageText } from "../sidecar/plugin-host/protocol/message-text.ts";
import { RequestView } from "../sidecar/plugin-host/world/request.ts";

/** A request as a test writes it down; everything has a default. */
export interface HarnessRequest {
  /** Default GET. */
  readonly method?: string;
  /** Path and query. Default `/`. */
  readonly target?: string;
  /** Default `app.local`. */
  readonly host?: string;
  /** Default 127.0.0.1. */
  readonly remoteIp?: string;
  /** Name and value of each line. Default none. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** When the request arrived, wall clock ms. Default now. */
  readonly bizStartAt?: number;
  /** Of the chain entry. Default that of the harness. */
  readonly tag?: string;
  /** Default 1. */
  readonly attempt?: number;
}

/** The app's answer as position 1 sees it. */
export interface HarnessResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: HarnessRequest["headers"];
}

/** Both positions of one exchange are asked about the same request. */
export interface HarnessExchange {
  readonly request?: HarnessRequest;
  readonly response?: HarnessResponse;
}

/** What the plugin is shown of one position, made by the code that makes it in the real host. */
export interface Message {
  readonly view: RequestView;
  readonly headers: HeaderBlock;
}

/** `response` undefined: position 0. */
export function messageOf(
  id: number,
  { tag, timeout }: { readonly tag: string; readonly timeout: number },
  request: HarnessRequest,
  response: HarnessResponse | undefined,
): Message {
  const [path = "/", ...query] = (request.target ?? "/").split("?");
  const headers = blockOf((response ?? request).headers ?? []);
  const facts = {
    id,
    position: response === undefined ? 0 : 1,
    bizStartAt: request.bizStartAt ?? Date.now(),
    status: response === undefined ? 0 : (response.status ?? 200),
    method: request.method ?? "GET",
    host: request.host ?? "app.local",
    remoteIp: request.remoteIp ?? "127.0.0.1",
    path,
    query: query.join("?"),
  };
  const message = messageText(facts, request.attempt ?? 1, linesOf(headers));
  return { view: new RequestView(message, "", request.tag ?? tag, timeout), headers };
}

/** The mesh takes `X-Mesh-*` away from whatever arrives. */
function blockOf(fields: readonly (readonly [string, string])[]): HeaderBlock {
  return HeaderBlock.fromFlat(fields.filter(([name]) => !isMeshName(name)).flat());
}

function linesOf(headers: HeaderBlock): string {
  let lines = "";
  for (let index = 0; index < headers.size; index++) {
    lines += `${headers.name(index)}: ${headers.value(index)}\r\n`;
  }
  return lines;
}
