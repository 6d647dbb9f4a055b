import { Client, Metadata, status, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { controlPlane } from "../../proto/control-plane.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { Welcome__Output } from "../../proto/gen/mesh/v1/Welcome.ts";
import { channelCredentials, type Credentials } from "./credentials.ts";

type Stream = ClientDuplexStream<NodeMessage, ControlMessage__Output>;

/** What the control plane says in a session, in order. `welcome` first and once. */
export interface SessionEvents {
  welcome(welcome: Welcome__Output): void;
  message(message: ControlMessage__Output): void;
}

/** How a session ended; `reason` is for people. */
export interface SessionEnd {
  readonly reason: string;
  /** Whether it had begun: the control plane had said Welcome. */
  readonly welcomed: boolean;
  /** ms after which the control plane asked to be called again; undefined: it did not say. */
  readonly reconnectAfter: number | undefined;
  /** No answer of any kind came: what is wrong lies with the connection. */
  readonly unreached: boolean;
}

/** ms for connecting and the Welcome. */
const WELCOME_DEADLINE = 10_000;
/** Bytes of one message; a chain of fifty entries with large configs is far below it. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE,
  // A peer that is gone without a word is noticed within half a minute.
  "grpc.keepalive_time_ms": 15_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.enable_retries": 0,
  // What the environment names may be this very sidecar, for the app's use.
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
} as const;

/** One stream to the control plane, from Hello to its end. */
export class ControlSession {
  /** Resolves when it is over; never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #client: Client;
  readonly #stream: Stream;
  readonly #events: SessionEvents;
  readonly #over = Promise.withResolvers<SessionEnd>();
  #welcomed = false;
  #closed = false;
  #reconnectAfter: number | undefined;

  /** Throws where the credentials cannot be used. `target` is `host:port`. */
  constructor(target: string, credentials: Credentials, hello: Hello, events: SessionEvents, clock: Clock) {
    this.#events = events;
    this.ended = this.#over.promise;
    const channel = channelCredentials(credentials, target);
    this.#client = new Client(target, channel.credentials, { ...OPTIONS, ...channel.options });
    const metadata = new Metadata();
    if (credentials.token !== "") metadata.set("authorization", `Bearer ${credentials.token}`);
    const { path, requestSerialize, responseDeserialize } = controlPlane.Connect;
    this.#stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    const deadline = clock.after(WELCOME_DEADLINE, () => this.close("no Welcome came in time"));
    void this.ended.then(() => deadline[Symbol.dispose]());
    this.#stream.on("data", (message: ControlMessage__Output) => {
      if (this.#welcomed) return this.#receive(message);
      deadline[Symbol.dispose]();
      this.#begin(message);
    });
    this.#stream.on("error", (error: ServiceError) =>
      this.#end(describe(error), error.code === status.UNAVAILABLE && !this.#welcomed),
    );
    this.#stream.on("end", () => this.#end("the control plane ended the stream"));
    this.#stream.write({ hello });
  }

  /** What cannot be sent any more is dropped. False: the control plane is slow to read; wait for `drained`. */
  send(message: NodeMessage): boolean {
    return this.#closed || this.#stream.write(message);
  }

  /** Resolves when the control plane reads again, or the session is over. */
  async drained(): Promise<void> {
    if (this.#closed || !this.#stream.writableNeedDrain) return;
    await Promise.race([new Promise((resolve) => this.#stream.once("drain", resolve)), this.ended]);
  }

  close(reason: string): void {
    this.#end(reason);
  }

  #begin(message: ControlMessage__Output): void {
    if (message.kind !== "welcome" || !message.welcome) return this.close("it did not begin with Welcome");
    this.#welcomed = true;
    this.#events.welcome(message.welcome);
  }

  #receive(message: ControlMessage__Output): void {
    if (this.#closed) return;
    if (message.kind !== "goodbye") return this.#events.message(message);
    this.#reconnectAfter = message.goodbye?.reconnectAfter;
    this.close(`the control plane said goodbye: ${message.goodbye?.reason ?? ""}`);
  }

  #end(reason: string, unreached = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.cancel();
    this.#client.close();
    const [welcomed, reconnectAfter] = [this.#welcomed, this.#reconnectAfter];
    this.#over.resolve({ reason, welcomed, reconnectAfter, unreached });
  }
}

/** What gRPC says around what has happened, and when that was: the same trouble reads the same each time. */
const AROUND =
  /^No connection established\. Last error: (?:Error: )?|\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)|\.? Resolution note: *$/g;

function describe(error: ServiceError): string {
  const details = error.details === "" ? messageOf(error) : error.details;
  return `${status[error.code] ?? error.code}: ${details.replaceAll(AROUND, "").replaceAll(/\s+/g, " ").trim()}`;
}
