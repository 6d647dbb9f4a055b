import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call, as it arrived. */
export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** Answers with this status from now on. */
  status: number;
  /** The call of this number, the first being 1; waits until it has come. */
  call(number: number): Promise<ReceivedCall>;
}

/** Any receiver of webhooks: a server of Node's that writes down what comes. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const calls: ReceivedCall[] = [];
  const arrivals = new EventTarget();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks = await request.toArray();
    response.writeHead(receiver.status, { location: "http://127.0.0.1:1/elsewhere" }).end();
    calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    arrivals.dispatchEvent(new Event("call"));
  };
  const server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    status: 204,
    async call(number) {
      for (;;) {
        const call = calls[number - 1];
        if (call !== undefined) return call;
        await once(arrivals, "call");
      }
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}

/** What the receiver computes from its copy of the secret. */
export function signatureOf({ headers, body }: ReceivedCall, secret: string): string {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  return `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`;
}
