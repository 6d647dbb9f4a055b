import {
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  status,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
  type sendUnaryData,
  type CallOptions,
  type Client,
} from "@grpc/grpc-js";

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<string, string> {
  return {
    path: `/test.Talk/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (text) => Buffer.from(text),
    requestDeserialize: (bytes) => bytes.toString(),
    responseSerialize: (text) => Buffer.from(text),
    responseDeserialize: (bytes) => bytes.toString(),
  };
}

const TALK = {
  say: method("Say", false, false),
  collect: method("Collect", true, false),
  count: method("Count", false, true),
  chat: method("Chat", true, true),
};

type Callback = (error: Error | null, value?: string) => void;

/** A client of the app's, its messages plain text. */
export interface TalkClient extends Client {
  /** Says it back; `fail:N` fails with status N. */
  say(text: string, metadata: Metadata, options: CallOptions, callback: Callback): ClientUnaryCall;
  /** Answers with all messages joined by commas. */
  collect(metadata: Metadata, callback: Callback): ClientWritableStream<string>;
  /** Answers with 1 … N; `forever` begins and does not end. */
  count(text: string, metadata?: Metadata, options?: CallOptions): ClientReadableStream<string>;
  /** Says each message back, and `tick` is answered with nothing. */
  chat(metadata?: Metadata, options?: CallOptions): ClientDuplexStream<string, string>;
}

const TalkConstructor = makeGenericClientConstructor(TALK, "Talk");

export function talkTo(port: number): TalkClient & Disposable {
  const client = new TalkConstructor(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  ) as unknown as TalkClient;
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** A gRPC app on grpc-js. */
export class GrpcApp implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #notes: readonly string[];

  private constructor(server: Server, port: number, notes: readonly string[]) {
    this.#server = server;
    this.port = port;
    this.#notes = notes;
  }

  static async start(): Promise<GrpcApp> {
    const server = new Server();
    const notes: string[] = [];
    server.addService(TALK, handlers(notes));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
    return new GrpcApp(server, await promise, notes);
  }

  /** What befell calls: `METHOD cancelled`, `METHOD heard TEXT`. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

/** Both the names and the numbers of the statuses, as its enum has them. */
const CODES = Object.values(status);

function handlers(notes: string[]): UntypedServiceImplementation {
  return {
    say(call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>): void {
      call.on("cancelled", () => notes.push("say cancelled"));
      notes.push(`say heard ${call.request}`);
      if (call.request === "wait") return;
      const trailers = new Metadata();
      trailers.set("x-trailer", "behind");
      const asked = Number(/^fail:(\d+)$/.exec(call.request)?.[1]);
      const code = CODES.find((each): each is status => Number(each) === asked);
      if (code !== undefined) {
        callback({ code, details: "fäiled as asked", metadata: trailers });
        return;
      }
      const initial = new Metadata();
      initial.set("x-initial", String(call.metadata.get("x-question")[0] ?? ""));
      call.sendMetadata(initial);
      callback(null, call.request, trailers);
    },
    collect(call: ServerReadableStream<string, string>, callback: sendUnaryData<string>): void {
      const heard: string[] = [];
      call.on("data", (text: string) => heard.push(text));
      call.on("end", () => callback(null, heard.join(",")));
    },
    count(call: ServerWritableStream<string, string>): void {
      call.on("cancelled", () => notes.push("count cancelled"));
      if (call.request === "forever") {
        call.write("0");
        return;
      }
      for (let number = 1; number <= Number(call.request); number++) call.write(String(number));
      call.end();
    },
    chat(call: ServerDuplexStream<string, string>): void {
      call.on("cancelled", () => notes.push("chat cancelled"));
      call.on("error", () => call.destroy());
      call.on("data", (text: string) => {
        notes.push(`chat heard ${text}`);
        if (text !== "tick") call.write(text);
      });
      call.on("end", () => call.end());
    },
  };
}
