import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { once } from "node:events";

import { controlPlane } from "../../proto/control-plane.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import { helloOf } from "./test-node.ts";

/** A node whose connection lives and that speaks, but never reads what it is sent: `window` bytes are all it takes. */
export class DeafNode implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;

  constructor(port: number, id: string, window: number) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: window } });
    this.#session.on("error", () => undefined);
    this.#stream = this.#session.request({
      ":method": "POST",
      ":path": controlPlane.Connect.path,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer sluice_${id}`,
    });
    this.#stream.on("error", () => undefined);
    this.#stream.pause();
    this.send({ hello: helloOf(id) });
  }

  send(message: NodeMessage): void {
    const bytes = controlPlane.Connect.requestSerialize(message);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes.length, 1);
    this.#stream.write(Buffer.concat([head, bytes]));
  }

  /** The status that it was refused with at once; undefined: it is welcome. */
  async refusal(): Promise<number | undefined> {
    const [headers] = (await once(this.#stream, "response")) as [Record<string, unknown>];
    const status = headers["grpc-status"];
    return status === undefined ? undefined : Number(status);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
