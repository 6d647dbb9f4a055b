import type { PluginHeaders, PluginRequest } from "../../../core/plugin-api.ts";
import { addLines, addValue, applyEdits, HeadersView } from "./headers.ts";

/** Lines before the headers in the text that describes a message; `../message-text.ts` writes it. */
const FACTS = 10;

/** One message as a plugin sees it: text until somebody looks at it. */
export class RequestView implements PluginRequest {
  readonly tag: string;
  readonly timeout: number;
  readonly #text: string;
  readonly #edits: string;
  #facts: readonly string[] | undefined;
  #headersAt = 0;
  #headers: PluginHeaders | undefined;

  constructor(text: string, edits: string, tag: string, timeout: number) {
    this.#text = text;
    this.#edits = edits;
    this.tag = tag;
    this.timeout = timeout;
  }

  get id(): number {
    return Number(this.#fact(0));
  }

  get position(): number {
    return Number(this.#fact(1));
  }

  get bizStartAt(): number {
    return Number(this.#fact(2));
  }

  get attempt(): number {
    return Number(this.#fact(3));
  }

  get status(): number {
    return Number(this.#fact(4));
  }

  get method(): string {
    return this.#fact(5);
  }

  get host(): string {
    return this.#fact(6);
  }

  get remoteIp(): string {
    return this.#fact(7);
  }

  get path(): string {
    return this.#fact(8);
  }

  get query(): string {
    return this.#fact(9);
  }

  /** Attempt 0 is nobody's request. */
  get smoke(): boolean {
    return this.attempt === 0;
  }

  get headers(): PluginHeaders {
    return (this.#headers ??= new HeadersView(() => this.#readHeaders()));
  }

  toJSON(): object {
    const { id, position, tag, bizStartAt, attempt, timeout, headers } = this;
    return { id, position, tag, bizStartAt, attempt, timeout, headers };
  }

  #readHeaders(): Map<string, { key: string; value: string[] }> {
    const entries = new Map<string, { key: string; value: string[] }>();
    this.#fact(0);
    addLines(entries, this.#text, this.#headersAt);
    applyEdits(entries, this.#edits);
    addValue(entries, "X-Mesh-Method", this.method);
    addValue(entries, "X-Mesh-Host", this.host);
    addValue(entries, "X-Mesh-Remote-Ip", this.remoteIp);
    addValue(entries, "X-Mesh-Querystring", this.query);
    addValue(entries, "X-Mesh-Path", this.path);
    if (this.position === 1) addValue(entries, "X-Mesh-Status", `${this.status}`);
    return entries;
  }

  #fact(index: number): string {
    return (this.#facts ??= this.#readFacts())[index] ?? "";
  }

  #readFacts(): readonly string[] {
    const facts: string[] = [];
    let at = 0;
    while (facts.length < FACTS) {
      const end = this.#text.indexOf("\n", at);
      facts.push(this.#text.slice(at, end));
      at = end + 1;
    }
    this.#headersAt = at;
    return facts;
  }
}
