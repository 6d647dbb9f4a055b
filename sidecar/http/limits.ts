/** 1xx heads before one answer; an app that sends more does not mean to answer. */
export const MOST_INFORMATION = 100;

/** The longest registered method has 17 characters; this leaves room and keeps it a bounded label in metrics. */
export const LONGEST_METHOD = 32;

/** Bounds and deadlines of the wire; one table for h1 and h2. Sizes in bytes, times in milliseconds. */
export interface WireLimits {
  /** Request or response head, fields and first line together; over it 431 (or 502 from an app). Default 32 KiB. */
  readonly headBytes: number;
  /** Field lines in a head or in trailers. Default 200. */
  readonly headFields: number;
  /** Request target; over it 414. Default 8 KiB. */
  readonly targetBytes: number;
  /** A chunk's extensions, which are dropped. Default 1 KiB. */
  readonly chunkExtensionBytes: number;
  /** Trailers. Default 8 KiB. */
  readonly trailerBytes: number;
  /** From accepting a connection to its first byte. Default 10 s. */
  readonly firstByte: number;
  /** From the first byte of a head to its end. Default 10 s. */
  readonly head: number;
  /** While a body is due: without a byte in either direction. Never in total: streams live for days. Default 5 min. */
  readonly bodyIdle: number;
  /** Between two requests of a kept connection. Default 75 s. */
  readonly keepAlive: number;
  /** How long a client may go on reading our last answer, and sending, before its connection is cut. Default 2 s. */
  readonly linger: number;
  /** To connect to an upstream, waiting in line for a connection included. Default 3 s. */
  readonly connect: number;
  /** From the end of a request (or the last byte sent) to the head of the answer. 0 = none. Default 60 s. */
  readonly response: number;
  /** A kept upstream connection is not used again after being idle this long; shorter if the app says so. Default 4 s. */
  readonly upstreamIdle: number;
  /** Connections on one listener; over it accepted, answered 503 and closed. Default 10,000. */
  readonly connections: number;
  /** Exchanges under way on one listener; over it 503. Default 10,000. */
  readonly inFlight: number;
  /** Connections to one endpoint; further requests wait in line. Default 512. */
  readonly upstreamConnections: number;
  /** Requests that may wait for a connection to one endpoint; over it `pool_full`. Default 1,024. */
  readonly upstreamWaiting: number;
  /** Bytes buffered for a peer that does not read before its source is paused. Default 64 KiB. */
  readonly highWater: number;
  /** Concurrent streams a client may open on one HTTP/2 connection. Default 250. */
  readonly h2Streams: number;
}

export const DEFAULT_WIRE_LIMITS: WireLimits = {
  headBytes: 32 * 1024,
  headFields: 200,
  targetBytes: 8 * 1024,
  chunkExtensionBytes: 1024,
  trailerBytes: 8 * 1024,
  firstByte: 10_000,
  head: 10_000,
  bodyIdle: 300_000,
  keepAlive: 75_000,
  linger: 2_000,
  connect: 3_000,
  response: 60_000,
  upstreamIdle: 4_000,
  connections: 10_000,
  inFlight: 10_000,
  upstreamConnections: 512,
  upstreamWaiting: 1_024,
  highWater: 64 * 1024,
  h2Streams: 250,
};
