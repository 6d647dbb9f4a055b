import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { RequestFacts } from "../../chain/chain.ts";
import type { RequestHead } from "../exchange.ts";
import { unresolvedPath } from "../normalise-path.ts";

/**
 * What the chain may ask about a request. Path and query are cut out of the target when somebody asks, since most
 * exchanges are matched by nothing and then nobody does.
 */
export class ExchangeFacts implements RequestFacts {
  readonly id: number;
  readonly bizStartAt: number;
  readonly remoteIp: string;
  readonly normalisedPath: string;
  readonly headers: HeaderBlock;
  readonly #head: RequestHead;
  /** Null: nobody has asked for it yet. */
  #unresolvedPath: string | undefined | null = null;

  constructor(
    id: number,
    bizStartAt: number,
    remoteIp: string,
    normalisedPath: string,
    headers: HeaderBlock,
    head: RequestHead,
  ) {
    this.id = id;
    this.bizStartAt = bizStartAt;
    this.remoteIp = remoteIp;
    this.normalisedPath = normalisedPath;
    this.headers = headers;
    this.#head = head;
  }

  get method(): string {
    return this.#head.method;
  }

  get host(): string {
    return this.#head.authority;
  }

  get path(): string {
    return pathOf(this.#head.target);
  }

  get unresolvedPath(): string | undefined {
    if (this.#unresolvedPath === null) this.#unresolvedPath = unresolvedPath(this.path, this.normalisedPath);
    return this.#unresolvedPath;
  }

  get query(): string {
    const { target } = this.#head;
    const mark = target.indexOf("?");
    return mark < 0 ? "" : target.slice(mark + 1);
  }
}

/** A request target without its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}
