import type { Http2Session } from "node:http2";

/**
 * Keeps node from closing a session in which its peer says goodbye (GOAWAY with NO_ERROR). From then on node:http2 reads
 * no further than nghttp2 wants to: broken rules that end every other session leave this one open for ever, with what it
 * waits for, and not even the peer's FIN is heard (kept by a test). Who calls this closes by `closeGracefully`.
 */
export function stayAtGoodbye(session: Http2Session): void {
  session.close = stay;
}

/** GOAWAY; node ends the session with its last stream. */
export function closeGracefully(session: Http2Session): void {
  const prototype = Object.getPrototypeOf(session) as Http2Session;
  prototype.close.call(session);
}

function stay(): void {}
