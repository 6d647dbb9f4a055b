import { FRAME, frame, hpack, settings } from "../support/http2-frames.ts";
import { END, get, GET, type ConformanceCase, type ConformanceSection } from "./conformance-case.ts";

const BLOCK = hpack(GET);
const SETTINGS_HEADER_TABLE_SIZE = 1;

function refused(name: string, ...block: readonly Buffer[]): ConformanceCase {
  return {
    name,
    sends: [frame(FRAME.headers, END, 1, Buffer.concat(block))],
    expects: ["CONNECTION COMPRESSION_ERROR"],
  };
}

function taken(name: string, ...block: readonly Buffer[]): ConformanceCase {
  return { name, sends: [frame(FRAME.headers, END, 1, Buffer.concat(block))], expects: ["answered"] };
}

export const HPACK_CASES: readonly ConformanceSection[] = [
  {
    section: "HPACK 2.3.3 index address space",
    cases: [
      refused("an indexed field beyond both tables", BLOCK, Buffer.of(0xff, 0x00)),
      refused("a literal whose name is beyond both tables", BLOCK, Buffer.of(0x7f, 0x40, 1, 0x61)),
    ],
  },
  {
    section: "HPACK 4.2, 6.3 size of the dynamic table",
    cases: [
      refused("a size update behind a field", BLOCK, Buffer.of(0x20)),
      refused("a size above SETTINGS_HEADER_TABLE_SIZE", Buffer.of(0x3f, 0xe2, 0x1f), BLOCK),
      refused("a size of 2^32 and more", Buffer.of(0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f), BLOCK),
      taken("a size of 0, and the largest, in front of fields", Buffer.of(0x20, 0x3f, 0xe1, 0x1f), BLOCK),
      {
        name: "our own table made smaller by their SETTINGS",
        sends: [settings([[SETTINGS_HEADER_TABLE_SIZE, 1]]), get()],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "HPACK 5.1 integers",
    cases: [
      refused("an index that overflows", BLOCK, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
      refused("a length that overflows", BLOCK, Buffer.of(0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
      refused("an integer without its end", BLOCK, Buffer.of(0xff, 0x80)),
    ],
  },
  {
    section: "HPACK 5.2 strings",
    cases: [
      refused("padding longer than 7 bits", BLOCK, literal(Buffer.of(0xd9, 0x6d, 0xff, 0xff))),
      refused("padding of zeros", BLOCK, literal(Buffer.of(0x88, 0x6d, 0xd4, 0x00))),
      refused("EOS in a string", BLOCK, literal(Buffer.of(0x63, 0xff, 0xff, 0xff, 0xff))),
      refused("a string longer than its block", BLOCK, Buffer.of(0, 1, 0x61, 9, 0x61)),
      taken("a string in Huffman's code", BLOCK, literal(Buffer.of(0x1c, 0x64, 0x5f))),
      taken("an empty string", BLOCK, Buffer.of(0, 1, 0x61, 0)),
    ],
  },
  {
    section: "HPACK 6.1, 6.2 fields",
    cases: [
      refused("an index of 0", BLOCK, Buffer.of(0x80)),
      taken(
        "a field that is indexed, and used from the table",
        BLOCK,
        Buffer.of(0x40, 1, 0x61, 1, 0x62, 0xbe),
      ),
      taken("a field that is never indexed", BLOCK, Buffer.of(0x10, 1, 0x61, 1, 0x62)),
      refused(
        "the table's entry after it was evicted by a size update",
        Buffer.of(0x20),
        BLOCK,
        Buffer.of(0x40, 1, 0x61, 1, 0x62, 0xbe),
      ),
    ],
  },
];

/** `a: VALUE`, the value in Huffman's code. */
function literal(encoded: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, 1, 0x61, 0x80 | encoded.length), encoded]);
}
