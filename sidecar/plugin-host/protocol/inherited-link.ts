import { Socket } from "node:net";

/** The host's end of the socket pair: a descriptor that it was given by whoever spawned it. */
export function openInheritedLink(descriptor: number): Socket {
  return new Socket({ fd: descriptor });
}
