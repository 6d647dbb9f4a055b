import type { FastifyReply, FastifyRequest } from "fastify";

import type { Clock } from "../../core/clock.ts";
import type { Action } from "../model/access.ts";
import type { TokenActor } from "../access/authenticator.ts";
import type { Place } from "../access/place.ts";
import type { Store } from "../store/store.ts";
import { attemptOf, type Attempt } from "./attempt.ts";
import { sendBytes, type BytesAnswer } from "./bytes-answer.ts";
import type { WatchName } from "./contract/client-types.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import type { EndpointName } from "./contract/endpoints.ts";
import type { AnyCall, AnyHandler } from "./endpoint-handler.ts";
import type { FaultLog } from "./fault-log.ts";
import type { Gate } from "./gate.ts";
import { placesOf, type NamedThings } from "./place-resolver.ts";
import type { UploadFolder } from "./received-package.ts";
import { checkContentType, RequestChecks, revisionOf, tagOf, type CheckedRequest } from "./request-checks.ts";
import { toldRefusal } from "./told-refusal.ts";
import { sendText, type TextPiece } from "./text-answer.ts";
import type { Watches } from "./watches.ts";

/** What every endpoint needs beside its handler. */
export interface RouteParts {
  readonly store: Store;
  readonly gate: Gate;
  readonly watches: Watches;
  readonly uploads: UploadFolder;
  readonly clock: Clock;
  /** How long a reader of text may not read before it is cut, ms. */
  readonly patience: number;
  /** Answers are checked against their schemas: for tests. */
  readonly checkAnswers: boolean;
}

/**
 * The life of a request to one endpoint: who asks (`admit`, before a byte of the body is read), what is asked, whether
 * they may there, the handler, the answer.
 */
export class EndpointRoute {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly #handler: AnyHandler;
  readonly #parts: RouteParts;
  readonly #faults: FaultLog;
  readonly #checks: RequestChecks;
  readonly #actors = new WeakMap<FastifyRequest, TokenActor>();

  /** `faults` hears of answers that break off; of what is thrown before they begin whoever called hears. */
  constructor(
    name: EndpointName,
    endpoint: Endpoint,
    handler: AnyHandler,
    parts: RouteParts,
    faults: FaultLog,
  ) {
    this.name = name;
    this.endpoint = endpoint;
    this.#handler = handler;
    this.#parts = parts;
    this.#faults = faults;
    this.#checks = new RequestChecks(endpoint);
  }

  /** Undefined before `admit` and for endpoints that need no right. */
  actorOf(request: FastifyRequest): TokenActor | undefined {
    return this.#actors.get(request);
  }

  /** For the audit, before anything is checked as after. */
  attemptOf({ params }: FastifyRequest): Attempt {
    return attemptOf(this.endpoint, params);
  }

  /** Refuses who has no valid token, or one that has the right nowhere, and bodies of the wrong kind. */
  async admit(request: FastifyRequest): Promise<void> {
    const { right } = this.endpoint;
    if (right !== "none") {
      const actor = await this.#parts.gate.authenticate(
        request.headers.authorization,
        this.attemptOf(request),
      );
      this.#actors.set(request, actor);
      await this.#permit(request.params, actor, right, [{ kind: "somewhere" }]);
    }
    checkContentType(this.endpoint, request.headers["content-type"]);
  }

  async serve(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { params, query, body } = request;
    const checked = this.#checks.check({ params, query, body });
    const actor = this.actorOf(request);
    if (checked.mode === "watch" && actor !== undefined) return this.#watch(request, reply, checked, actor);
    await this.#authorize(actor, checked);
    const call = this.#callOf(request, reply, checked, actor);
    if (this.endpoint.answer === "text" && actor !== undefined) {
      const { gate } = this.#parts;
      // Text may go on for days, a token may not last so long: looked at again once its end would be heard of.
      const heard = gate.onEnded(actor, () => reply.raw.destroy());
      reply.raw.once("close", () => heard[Symbol.dispose]());
      if (reply.raw.destroyed) heard[Symbol.dispose]();
      await gate.authenticate(request.headers.authorization, this.attemptOf(request));
    }
    if (this.endpoint.upload === true) {
      return this.#parts.uploads.receive(request, async (upload) => {
        return this.#answer(request, reply, await this.#handler({ ...call, upload }));
      });
    }
    return this.#answer(request, reply, await this.#handler(call));
  }

  async #watch(
    request: FastifyRequest,
    reply: FastifyReply,
    checked: CheckedRequest,
    actor: TokenActor,
  ): Promise<void> {
    const call = this.#callOf(request, reply, checked, actor);
    const evaluate = async (): Promise<unknown> => {
      // Rights end while a watch goes on: tokens expire and are revoked.
      const current = await this.#parts.gate.authenticate(
        request.headers.authorization,
        this.attemptOf(request),
      );
      await this.#authorize(current, checked);
      return this.#checkedAnswer(await this.#handler({ ...call, actor: current }));
    };
    await this.#parts.watches.serve(this.name as WatchName, actor.tokenId, reply, evaluate);
  }

  async #authorize(actor: TokenActor | undefined, { params, body }: CheckedRequest): Promise<void> {
    const { right, scope } = this.endpoint;
    if (right === "none" || actor === undefined) return;
    const places = await placesOf(this.#parts.store, actor, scope, params as NamedThings, body ?? {});
    await this.#permit(params, actor, right, places);
  }

  async #permit(params: unknown, actor: TokenActor, right: Action, places: readonly Place[]): Promise<void> {
    try {
      this.#parts.gate.authorize(actor, right, places);
    } catch (refused) {
      throw await toldRefusal(this.#parts.store, actor, { endpoint: this.name, params, places }, refused);
    }
  }

  #callOf(
    request: FastifyRequest,
    reply: FastifyReply,
    { params, query, body }: CheckedRequest,
    actor: TokenActor | undefined,
  ): AnyCall {
    const left = new AbortController();
    reply.raw.once("close", () => left.abort());
    // Whoever left while their rights were looked up is told of no close any more.
    if (reply.raw.destroyed) left.abort();
    const revision = this.endpoint.revised === true ? revisionOf(request.headers["if-match"]) : undefined;
    return { actor, params, query, body, revision, upload: undefined, signal: left.signal };
  }

  async #answer(request: FastifyRequest, reply: FastifyReply, result: unknown): Promise<unknown> {
    const { answer } = this.endpoint;
    const onFault = (error: unknown): void => this.#faults.note(error, request.id);
    if (answer === "bytes") return sendBytes(request, reply, result as BytesAnswer, onFault);
    if (answer === "text") {
      const { clock, patience } = this.#parts;
      const options = { clock, patience, onFault };
      return sendText(request, reply, result as AsyncIterable<TextPiece>, options);
    }
    if (answer === "nothing") return reply.code(204).send();
    const tag = tagOf(result);
    if (tag !== undefined) void reply.header("etag", tag);
    return reply.type("application/json; charset=utf-8").send(JSON.stringify(this.#checkedAnswer(result)));
  }

  #checkedAnswer(result: unknown): unknown {
    const { answer } = this.endpoint;
    if (!this.#parts.checkAnswers || typeof answer === "string") return result;
    // A mistake of ours, not the caller's: no `InputError`.
    const checked = answer.safeParse(JSON.parse(JSON.stringify(result)));
    if (!checked.success)
      throw new TypeError(`${this.name} answers against its schema: ${checked.error.message}`);
    return checked.data;
  }
}
