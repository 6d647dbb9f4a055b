import type { Socket } from "node:net";

/**
 * An app that answers an upload early and closes with bytes unread resets its connection, and its answer waits in our
 * kernel. node destroys a socket at the first write that fails, unread; here what has come is read before that: one
 * whole turn of the event loop does it.
 */
export function hearLastWords(socket: Socket): void {
  socket.destroy = destroyWhenRead;
}

function destroyWhenRead(this: Socket, error?: Error): Socket {
  if (!isFailedWrite(error)) return destroyNow(this, error);
  // The first may come in the turn that is under way.
  setImmediate(() => setImmediate(() => destroyNow(this, error)));
  return this;
}

function destroyNow(socket: Socket, error: Error | undefined): Socket {
  const prototype = Object.getPrototypeOf(socket) as Socket;
  return prototype.destroy.call(socket, error);
}

function isFailedWrite(error: Error | undefined): boolean {
  return error !== undefined && "syscall" in error && error.syscall === "write";
}
