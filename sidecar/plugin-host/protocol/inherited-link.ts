import { Socket } from "node:net";

/** Takes what a busy turn brings; one that is larger comes in parts. */
const READ_BYTES = 256 * 1024;

/**
 * The host's end of the socket pair: a descriptor that it was given by whoever spawned it. All reads go into one
 * buffer, whose bytes are good until `onBytes` returns, so that reading makes no garbage.
 */
export function openInheritedLink(descriptor: number, onBytes: (bytes: Buffer) => void): Socket {
  const buffer = Buffer.alloc(READ_BYTES);
  const socket = new Socket({
    fd: descriptor,
    onread: {
      buffer,
      callback: (length) => {
        onBytes(buffer.subarray(0, length));
        return true;
      },
    },
  });
  socket.resume();
  return socket;
}
