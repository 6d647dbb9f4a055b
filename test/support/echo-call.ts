import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceDefinition,
} from "@grpc/grpc-js";

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  };
}

/** The four kinds of calls, on bare bytes. */
export const ECHO = {
  unary: method("Unary", false, false),
  collect: method("Collect", true, false),
  repeat: method("Repeat", false, true),
  chat: method("Chat", true, true),
} as const satisfies ServiceDefinition;

/** A gRPC app: echoes, counts, repeats three times; `fail` as message fails, `hang` never answers. */
export class EchoServer implements AsyncDisposable {
  readonly #server: Server;
  readonly port: number;
  /** What calls were cancelled, by method. */
  readonly cancelled: string[] = [];
  /** `grpc-timeout` of each call as this server understood it, ms from now. */
  readonly deadlines: number[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(): Promise<EchoServer> {
    const server = new Server();
    const echo: { self: EchoServer | undefined } = { self: undefined };
    server.addService(ECHO, {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        const deadline = call.getDeadline();
        echo.self?.deadlines.push(Number(deadline) - Date.now());
        call.on("cancelled", () => echo.self?.cancelled.push("unary"));
        const text = call.request.toString();
        if (text === "hang") return;
        if (text === "fail") return done({ code: status.ALREADY_EXISTS, details: "no: ü%" });
        const trailer = new Metadata();
        trailer.set("x-trailer", "behind");
        call.sendMetadata(call.metadata);
        done(null, call.request, trailer);
      },
      collect: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        let length = 0;
        call.on("data", (part: Buffer) => (length += part.length));
        call.on("end", () => done(null, Buffer.from(String(length))));
      },
      repeat: (call: ServerWritableStream<Buffer, Buffer>) => {
        for (let i = 0; i < 3; i++) call.write(call.request);
        call.end();
      },
      chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on("cancelled", () => echo.self?.cancelled.push("chat"));
        call.on("data", (part: Buffer) => call.write(part));
        call.on("end", () => call.end());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    echo.self = new EchoServer(server, port);
    return echo.self;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

/** A client of the echo service, on whatever port. */
export class EchoClient extends Client implements Disposable {
  constructor(port: number) {
    super(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
