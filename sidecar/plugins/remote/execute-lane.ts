import { status as Status, type Client, type StatusObject } from "@grpc/grpc-js";

import type { MeshResponse__Output } from "../../../proto/gen/mesh/v1/MeshResponse.ts";
import { observerPlugin } from "../../../proto/observer-plugin.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { Lane } from "./lane.ts";
import type { Question } from "./question.ts";

const { path, responseDeserialize } = observerPlugin.Execute;

/** One Execute call for each question. */
export class ExecuteLane implements Lane {
  readonly writable = true;
  readonly #client: Client;
  readonly #open = new Set<Question>();

  constructor(client: Client) {
    this.#client = client;
  }

  send(question: Question): void {
    this.#open.add(question);
    const call = this.#client.makeServerStreamRequest(path, asItIs, responseDeserialize, question.bytes);
    question.abandon = () => {
      this.#open.delete(question);
      call.cancel();
    };
    let ended = false;
    let succeeded = false;
    const completeIfDone = (): void => {
      if (!ended || !succeeded || !this.#open.delete(question)) return;
      question.complete();
    };
    call.on("data", (response: MeshResponse__Output) => question.next(response));
    // Messages may still be on their way to `data` when the status is known: only both together are the end.
    call.on("end", () => {
      ended = true;
      completeIfDone();
    });
    call.on("status", (status: StatusObject) => {
      succeeded = status.code === Status.OK;
      if (succeeded) completeIfDone();
      else if (this.#open.delete(question)) question.fail(causeOf(status), describe(status));
    });
    // Told by `status` too, but without a listener it would end the process.
    call.on("error", () => {});
  }

  close(reason: string): void {
    for (const question of this.#open) {
      question.abandon?.();
      question.fail("unreachable", reason);
    }
  }
}

/** `UNAVAILABLE: no connection established`, cut to what a log line bears. */
export function describe({ code, details }: StatusObject): string {
  return `${Status[code] ?? code}: ${details.slice(0, 500)}`;
}

function causeOf({ code, details }: StatusObject): FailureCause {
  switch (code) {
    case Status.UNAVAILABLE:
      return "unreachable";
    case Status.DEADLINE_EXCEEDED:
      return "timeout";
    case Status.RESOURCE_EXHAUSTED:
      return details.includes("larger than max") ? "invalid_answer" : "throw";
    default:
      // What cannot be decoded fails in here, with a status of grpc-js's own.
      return code === Status.INTERNAL && details.includes("parsing error") ? "invalid_answer" : "throw";
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}
