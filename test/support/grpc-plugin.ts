import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServiceError,
  type ServerDuplexStream,
  type ServerWritableStream,
} from "@grpc/grpc-js";

import { messageOf } from "../../core/errors.ts";
import type { DescribeResponse } from "../../proto/gen/mesh/v1/DescribeResponse.ts";
import type { MeshRequest__Output } from "../../proto/gen/mesh/v1/MeshRequest.ts";
import type { MeshResponse } from "../../proto/gen/mesh/v1/MeshResponse.ts";
import type { ObserveDown } from "../../proto/gen/mesh/v1/ObserveDown.ts";
import type { ObserveUp__Output } from "../../proto/gen/mesh/v1/ObserveUp.ts";
import type { ObserverPluginHandlers } from "../../proto/gen/mesh/v1/ObserverPlugin.ts";
import { observerPlugin } from "../../proto/observer-plugin.ts";

export type ObserveStream = ServerDuplexStream<ObserveUp__Output, ObserveDown>;
export type ExecuteCall = ServerWritableStream<MeshRequest__Output, MeshResponse>;

/** How a plugin of a test behaves; what is left out is as a good plugin does it. */
export interface Behaviour {
  readonly description?: DescribeResponse;
  describe?(): DescribeResponse | Promise<DescribeResponse>;
  /** The whole answer to one question, however it was asked. Rejecting is onError. */
  answer?(request: MeshRequest__Output): readonly MeshResponse[] | Promise<readonly MeshResponse[]>;
  /** In place of `answer`, with the call in its hands. */
  execute?(call: ExecuteCall): void;
  observe?(stream: ObserveStream): void;
}

/** A real gRPC server that implements plugin.proto in the way that a test wants. */
export class GrpcPlugin implements AsyncDisposable {
  readonly address: string;
  /** Questions that came in, in order. */
  readonly requests: MeshRequest__Output[];
  /** Keys `id:position` that were taken back on Observe streams. */
  readonly cancelled: string[];
  readonly #server: Server;

  private constructor(server: Server, address: string, seen: Seen) {
    this.#server = server;
    this.address = address;
    this.requests = seen.requests;
    this.cancelled = seen.cancelled;
  }

  /** `address`: a port of its own on 127.0.0.1 unless one is given. */
  static async start(behaviour: Behaviour = {}, address = "127.0.0.1:0"): Promise<GrpcPlugin> {
    const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    const seen: Seen = { requests: [], cancelled: [] };
    server.addService(observerPlugin, handlers(behaviour, seen));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
    const port = await promise;
    return new GrpcPlugin(server, address.startsWith("unix:") ? address : `127.0.0.1:${port}`, seen);
  }

  /** Cuts every connection and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

/** A header of an answer; each char is one byte. */
export function header(key: string, ...value: readonly string[]): { key: Buffer; value: Buffer[] } {
  return { key: Buffer.from(key, "latin1"), value: value.map((each) => Buffer.from(each, "latin1")) };
}

interface Seen {
  readonly requests: MeshRequest__Output[];
  readonly cancelled: string[];
}

function handlers(behaviour: Behaviour, { requests, cancelled }: Seen): ObserverPluginHandlers {
  const answer = async (request: MeshRequest__Output): Promise<readonly MeshResponse[]> => {
    requests.push(request);
    return (await behaviour.answer?.(request)) ?? [{}];
  };
  const onStream = async (stream: ObserveStream, request: MeshRequest__Output): Promise<void> => {
    const { id, position } = request;
    try {
      for (const next of await answer(request)) stream.write({ id, position, next });
      stream.write({ id, position, completed: true });
    } catch (thrown) {
      stream.write({ id, position, failed: messageOf(thrown) });
    }
  };
  const onCall = async (call: ExecuteCall): Promise<void> => {
    try {
      for (const response of await answer(call.request)) call.write(response);
      call.end();
    } catch (thrown) {
      call.emit("error", thrown);
    }
  };
  const describe = async (callback: sendUnaryData<DescribeResponse>): Promise<void> => {
    try {
      callback(null, (await behaviour.describe?.()) ?? { apiVersion: "mesh.v1", ...behaviour.description });
    } catch (thrown) {
      callback(thrown as ServiceError);
    }
  };
  return {
    Describe: (_call, callback) => void describe(callback),
    Execute: (call) => void (behaviour.execute === undefined ? onCall(call) : behaviour.execute(call)),
    Observe: (stream) => {
      stream.on("error", () => {});
      if (behaviour.observe !== undefined) return behaviour.observe(stream);
      stream.on("data", ({ request, cancel }: ObserveUp__Output) => {
        if (cancel) cancelled.push(`${cancel.id}:${cancel.position}`);
        if (request) void onStream(stream, request);
      });
      stream.on("end", () => stream.end());
    },
  };
}
