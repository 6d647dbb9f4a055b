import { createServer, type AddressInfo } from "node:net";

// The app of the bench: answers every GET with 200 and a few bytes, and costs next to nothing. Prints its port.
const ANSWER = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nCache-Control: no-cache\r\n" +
    "X-Request-Cost: 0.0001\r\nContent-Length: 19\r\n\r\nhello from the app\n",
);
const HEAD_END = "\r\n\r\n";

const server = createServer({ noDelay: true }, (socket) => {
  let tail = "";
  socket.on("data", (chunk) => {
    const text = tail + chunk.toString("latin1");
    let from = 0;
    for (let at = text.indexOf(HEAD_END); at >= 0; at = text.indexOf(HEAD_END, from)) {
      socket.write(ANSWER);
      from = at + HEAD_END.length;
    }
    tail = text.slice(from);
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
