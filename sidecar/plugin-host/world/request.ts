import type { PluginHeaders, PluginRequest } from "../../../core/plugin-api.ts";
import { FieldReader } from "./fields.ts";
import { RequestHeaders, type MeshFields } from "./request-headers.ts";

/** One message as a plugin sees it: text until somebody looks at it. */
export class RequestView implements PluginRequest {
  readonly tag: string;
  readonly timeout: number;
  readonly #message: string;
  readonly #edits: string;
  #facts: readonly string[] | undefined;
  #headers: PluginHeaders | undefined;

  /** `message` is what `../protocol/message-text.ts` makes; `edits` what plugins before changed. */
  constructor(message: string, edits: string, tag: string, timeout: number) {
    this.#message = message;
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
    return (this.#headers ??= new RequestHeaders(this.#message, this.#linesAt(), this.#edits, () =>
      this.#meshFields(),
    ));
  }

  toJSON(): object {
    const { id, position, tag, bizStartAt, attempt, timeout, headers } = this;
    return { id, position, tag, bizStartAt, attempt, timeout, headers };
  }

  #meshFields(): MeshFields {
    const fields: (readonly [string, string])[] = [
      ["X-Mesh-Method", this.method],
      ["X-Mesh-Host", this.host],
      ["X-Mesh-Remote-Ip", this.remoteIp],
      ["X-Mesh-Querystring", this.query],
      ["X-Mesh-Path", this.path],
    ];
    if (this.position === 1) fields.push(["X-Mesh-Status", `${this.status}`]);
    return fields;
  }

  #fact(index: number): string {
    return (this.#facts ??= new FieldReader(this.#message).text().split("\n"))[index] ?? "";
  }

  /** Where the header lines begin: behind the field of facts. */
  #linesAt(): number {
    const reader = new FieldReader(this.#message);
    reader.skip();
    return reader.at;
  }
}
