import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { applyEdits } from "../../../core/headers/apply-edits.ts";
import { withoutMeshFields } from "../../../core/headers/header-rules.ts";
import { KeptShapes } from "../../../core/kept-shapes.ts";
import { withoutHopByHop } from "../../../core/headers/hop-by-hop.ts";
import { underscoredNames, withoutUnderscores } from "../../../core/headers/underscores.ts";
import { mergeEdits, NO_EDITS, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import type { ChainOutcome, ChainPass, PluginRecord } from "../../chain/chain.ts";
import { errorAnswer } from "../answers.ts";
import type {
  BodySource,
  ExchangeWatcher,
  Peer,
  Protocol,
  RequestHead,
  ResponseHead,
  ServerExchange,
  UpstreamCall,
  UpstreamListener,
} from "../exchange.ts";
import { normalisePath } from "../normalise-path.ts";
import { WireError } from "../wire-error.ts";
import { blockAnswer, refusalAnswer, wireAnswer, type LocalAnswer } from "./local-answer.ts";
import type { FinishedExchange, ListenerName } from "./finished-exchange.ts";
import type { ForwarderOptions } from "./forwarder.ts";
import { nextHop } from "./max-forwards.ts";
import { chainEdits, outgoingFields } from "./outgoing-fields.ts";
import { ExchangeFacts, pathOf } from "./request-facts.ts";

const NO_RECORDS: readonly PluginRecord[] = [];
const NO_NAMES: readonly string[] = [];
/** What node:http2 sends; RFC 9110 §15 knows no others either. */
const HIGHEST_IN_H2 = 599;
const shapes = new KeptShapes();

/**
 * One exchange's way (docs/request-life.md), step by step in the order of the methods: match, request chain, route
 * and forward, response chain, answer, account. Where nothing has to be waited for, it is one synchronous run.
 */
export class ForwardedExchange implements FinishedExchange, ExchangeWatcher, UpstreamListener {
  readonly id: number;
  readonly bizStartAt: number;
  remoteIp = "";
  status = 0;
  error: string | undefined;
  reason: string | undefined;
  blockedBy: string | undefined;
  upstream: string | undefined;
  duration = 0;
  upstreamDuration: number | undefined;
  dropped: readonly string[] = NO_NAMES;

  readonly #exchange: ServerExchange;
  readonly #options: ForwarderOptions;
  readonly #startedAt: number;
  #forwardedAt = 0;
  #pass: ChainPass | undefined;
  #call: UpstreamCall | undefined;
  #over = false;

  constructor(id: number, exchange: ServerExchange, options: ForwarderOptions) {
    this.id = id;
    this.#exchange = exchange;
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.bizStartAt = options.clock.wall();
  }

  get listener(): ListenerName {
    return this.#options.listener;
  }

  get protocol(): Protocol {
    return this.#exchange.head.protocol;
  }

  get received(): number {
    return this.#exchange.received;
  }

  get sent(): number {
    return this.#exchange.sent;
  }

  get head(): RequestHead {
    return this.#exchange.head;
  }

  get peer(): Peer {
    return this.#exchange.peer;
  }

  get plugins(): readonly PluginRecord[] {
    return this.#pass?.records ?? NO_RECORDS;
  }

  start(): void {
    const { head, peer } = this.#exchange;
    this.#options.observer.began(this.#options.listener);
    this.#exchange.watcher = this;
    this.remoteIp = this.#options.addresses.remoteIp(peer.remoteAddress, head.headers);
    const path = normalisePath(pathOf(head.target));
    if (path instanceof WireError) return this.#answer(wireAnswer(path, head));
    const headers = withoutMeshFields(this.#unambiguous(head.headers));
    this.#pass = this.#beginPass(path, headers);
    if (this.#pass === undefined) return this.#forward(headers, NO_EDITS, NO_NAMES);
    this.#pass.run(0, headers, 0, (outcome) => this.#requestAsked(headers, outcome));
  }

  #beginPass(path: string, headers: HeaderBlock): ChainPass | undefined {
    const { chain } = this.#options;
    if (chain.empty) return undefined;
    const { id, bizStartAt, remoteIp, head } = this;
    return chain.begin(new ExchangeFacts(id, bizStartAt, remoteIp, path, headers, head));
  }

  #unambiguous(headers: HeaderBlock): HeaderBlock {
    if (this.#options.underscores === "allow") return headers;
    const kept = withoutUnderscores(headers);
    if (kept !== headers) this.dropped = underscoredNames(headers);
    return kept;
  }

  #requestAsked(headers: HeaderBlock, outcome: ChainOutcome): void {
    if (this.#over) return;
    if (outcome.kind === "continue") return this.#forward(headers, outcome.edits, outcome.skipped);
    this.#stopped(outcome);
  }

  #forward(headers: HeaderBlock, edits: HeaderEdits, skipped: readonly string[]): void {
    const { head, peer, body } = this.#exchange;
    const hop = nextHop(head.method, headers);
    if (hop.kind === "last") return this.#answer(hop.answer);
    const route = this.#options.route(head);
    if (route.kind === "refused") return this.#answer(wireAnswer(route.error, head));
    this.upstream = route.destination.address;
    // Without a pass nothing was waited for since the head arrived.
    this.#forwardedAt = this.#pass === undefined ? this.#startedAt : this.#options.clock.now();
    if (head.expectsContinue) this.#exchange.proceed();
    const { method, target, authority, upgrade } = head;
    const from = { peer: peer.remoteAddress, authority };
    const fields = outgoingFields(
      headers,
      mergeEdits(hop.edits, chainEdits(edits, skipped)),
      this.#options.addresses,
      from,
    );
    const { added } = fields;
    const call = route.destination.upstream.request(
      { method, target, authority, headers: fields.headers, added, upgrade, body },
      this,
    );
    // The client may have gone while the request was being made. A call that has failed already is kept as well:
    // cancelling it does nothing.
    if (this.#over) call.cancel(new WireError("cancelled", "the exchange is over"));
    else this.#call = call;
  }

  /** RFC 9110 §15.2 wants 1xx passed on, but a plugin that may take back a response must not be too late for it. */
  informed(head: ResponseHead): void {
    if (this.#pass?.judgesResponse === true) return;
    this.#exchange.inform({ status: head.status, headers: withoutMeshFields(withoutHopByHop(head.headers)) });
  }

  responded(head: ResponseHead, body: BodySource): void {
    this.upstreamDuration = this.#options.clock.now() - this.#forwardedAt;
    if (head.status > HIGHEST_IN_H2 && this.protocol === "h2") return this.#notCarried(head.status, body);
    const headers = withoutMeshFields(head.headers);
    if (this.#pass === undefined) return this.#pipe(head.status, headers, NO_EDITS, body);
    this.#pass.run(1, headers, head.status, (outcome) =>
      this.#responseAsked(head.status, headers, outcome, body),
    );
  }

  #notCarried(status: number, body: BodySource): void {
    const error = new WireError("upstream_invalid", `the status ${status}, which HTTP/2 does not carry here`);
    body.cancel(error);
    this.failed(error);
  }

  failed(error: WireError): void {
    this.#call = undefined;
    this.#answer(wireAnswer(error, this.head));
  }

  #responseAsked(status: number, headers: HeaderBlock, outcome: ChainOutcome, body: BodySource): void {
    if (this.#over) return;
    if (outcome.kind === "continue") return this.#pipe(status, headers, outcome.edits, body);
    body.cancel(new WireError("cancelled", `${outcome.plugin} answered in place of the app`));
    this.#call = undefined;
    this.#stopped(outcome);
  }

  #pipe(status: number, headers: HeaderBlock, edits: HeaderEdits, body: BodySource): void {
    this.status = status;
    const outgoing = applyEdits(withoutHopByHop(headers), edits);
    this.#exchange.respond({ status, headers: outgoing }, body, { close: this.#options.draining() });
  }

  #stopped(outcome: Exclude<ChainOutcome, { kind: "continue" }>): void {
    this.blockedBy = outcome.plugin;
    const { head } = this;
    this.#answer(
      outcome.kind === "block" ? blockAnswer(outcome.answer, head) : refusalAnswer(outcome.cause, head),
    );
  }

  #answer(answer: LocalAnswer): void {
    if (this.#over) return;
    this.status = answer.head.status;
    this.error = answer.error;
    this.reason = answer.reason;
    const close = answer.close || this.#options.draining();
    this.#exchange.respond(answer.head, answer.body, { close });
  }

  /** The client is gone, or one side broke off in mid-body: nobody is waiting any more. */
  aborted(reason: WireError): void {
    if (this.#over) return;
    this.error = reason.code;
    this.reason = reason.message;
    // The wire answers by itself what it refuses in mid-exchange, with the status of the same table.
    if (this.status === 0) this.status = errorAnswer(reason.code).status;
    this.#call?.cancel(reason);
    this.finished();
  }

  finished(): void {
    if (this.#over) return;
    this.#over = true;
    this.duration = this.#options.clock.now() - this.#startedAt;
    this.#pass?.end();
    this.#options.observer.finished(this);
    shapes.keep(this);
  }
}
