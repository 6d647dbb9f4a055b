import { performServerHandshake } from "node:http2";
import { Duplex } from "node:stream";

/** A session's native part; `ondone` is called once the last write has ended behind `destroy`. */
interface NativeSession {
  destroy: (this: NativeSession, code: number, socketClosed: boolean) => void;
  ondone?: (() => void) | null;
}

interface Kept {
  readonly native: NativeSession;
  readonly collections: number;
}

/** How many a session is kept: one takes its streams, unless a stream was still on its way out. */
const COLLECTIONS = 2;

/** What stands in for a collection: nothing holds it, so that the next one ends it. */
const kept = new FinalizationRegistry<Kept>(({ native, collections }) => keep(native, collections - 1));

let prevented = false;

/**
 * Keeps peers of node:http2 from aborting the process. A session's destructor in node_http2.cc takes whatever nghttp2's
 * memory is still in use for a leak (`current_nghttp2_memory_ == 0`, SIGABRT with a collection); a stream that outlives
 * its session still has the fields of a block in which its peer broke a rule. Two ways lead there, and one connection
 * can take both (test/e2e/http2-aborts.test.ts):
 *
 * - A session whose socket broke is destroyed as one whose socket is closed, and no longer hears how its last write
 *   ends, which holds the stream for as long as the session lives. Told that the socket is open, it hears it, at the
 *   latest when the socket closes.
 * - One collection finds session and stream and takes the session first. So sessions are kept for some collections
 *   more.
 *
 * For the whole process, with the sessions of other packages; once is enough. Where Node keeps a session's native part
 * in another place nothing is changed.
 */
export function preventHttp2Aborts(): void {
  if (prevented) return;
  prevented = true;
  const prototype = nativePrototype();
  if (prototype === undefined) return;
  const { destroy } = prototype;
  prototype.destroy = function (code) {
    const { ondone } = this;
    this.ondone = () => {
      keep(this, COLLECTIONS);
      ondone?.();
    };
    destroy.call(this, code, false);
  };
}

function keep(native: NativeSession, collections: number): void {
  if (collections > 0) kept.register({}, { native, collections });
}

/** What the native parts of all sessions inherit from. */
function nativePrototype(): NativeSession | undefined {
  const socket = new Duplex({ read: ignore, write: (_bytes, _encoding, done) => done() });
  const session = performServerHandshake(socket);
  const place = Object.getOwnPropertySymbols(session).find(({ description }) => description === "kHandle");
  const native = place === undefined ? undefined : (Reflect.get(session, place) as NativeSession | undefined);
  session.destroy();
  return native === undefined ? undefined : (Object.getPrototypeOf(native) as NativeSession);
}

function ignore(): void {}
