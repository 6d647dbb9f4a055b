/** `HTTP/1.1` (RFC 9112 §2.3): case-sensitive, one digit, a dot, one digit. */
export const VERSION_LENGTH = 8;

const PREFIX = "HTTP/";
const MAJOR = 5;
const DOT = 6;
const MINOR = 7;

/** Whether `byte` may stand at `position` of a version, whatever the version. */
export function isVersionByte(byte: number, position: number): boolean {
  if (position < MAJOR) return byte === PREFIX.charCodeAt(position);
  if (position === DOT) return byte === 0x2e;
  return byte >= 0x30 && byte <= 0x39;
}

/** The minor version of the HTTP/1 version at `start`, 0 or 1; undefined if this engine does not speak it. */
export function minorVersion(bytes: Buffer, start: number): 0 | 1 | undefined {
  if (bytes[start + MAJOR] !== 0x31) return undefined;
  if (bytes[start + MINOR] === 0x31) return 1;
  return bytes[start + MINOR] === 0x30 ? 0 : undefined;
}
