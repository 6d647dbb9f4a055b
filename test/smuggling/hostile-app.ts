import { RawServer, type RawSocket } from "../support/raw-socket.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const PIECE = "x".repeat(64 * 1024);

/** What the app does by the target that it is asked for. */
const DEEDS: Readonly<Record<string, (connection: RawSocket) => void>> = {
  "/ok": (connection) => connection.write(OK),
  "/never": () => undefined,
  "/half-head": (connection) => connection.write("HTTP/1.1 200 OK\r\nContent-"),
  "/half-body": (connection) => connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "/half-close": (connection) => connection.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "/half-chunk": (connection) =>
    connection.socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
  "/garbage": (connection) => connection.write("220 smtp.test ESMTP\r\n"),
  "/twice": (connection) => connection.write(OK + OK.replace("ok", "no")),
  "/close": (connection) => connection.socket.end(),
  "/reset": (connection) => void connection.socket.resetAndDestroy(),
  "/endless-head": (connection) => connection.write(`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(20_000)}`),
  "/endless-body": (connection) => {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const fill = (): void => {
      while (!connection.socket.destroyed && connection.socket.write(PIECE));
    };
    connection.socket.on("drain", fill);
    fill();
  },
};

/** An app that is good or bad as its clients wish. */
export async function startHostileApp(): Promise<RawServer> {
  return RawServer.listen((connection) => {
    connection.socket.on("data", (bytes: Buffer) => {
      const target = /^[A-Z]+ (\/[a-z-]+) HTTP\/1\.1\r\n/.exec(bytes.toString("latin1"))?.[1];
      if (target !== undefined) DEEDS[target]?.(connection);
    });
    connection.socket.on("end", () => connection.socket.end());
  });
}
