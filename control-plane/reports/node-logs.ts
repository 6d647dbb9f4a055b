/** What to read of a plugin's log on a node. */
export interface LogRequest {
  /** Whose places among the readers of a node it takes: the id of a token. */
  readonly reader: string;
  readonly node: string;
  readonly plugin: string;
  /** Most bytes of what is there already; at most 4 MiB. */
  readonly tailBytes: number;
  /** A position of a `LogChunk`: what comes after it, however much that is. Undefined: the end of what is there. */
  readonly after?: string | undefined;
  /** Go on with what comes, until the reader leaves or the node does. */
  readonly follow: boolean;
}

/** Lines as the plugin wrote them. */
export interface LogChunk {
  readonly lines: readonly string[];
  /** Lines lost before these, since somebody on the way was too slow. */
  readonly dropped: number;
  /** Lines between the position that was asked for and these are kept no more. */
  readonly lost: boolean;
  /** After the last of the lines; undefined: not known. */
  readonly position: string | undefined;
}

/** Reads what plugins log on nodes, through their streams; nothing is kept here. */
export interface NodeLogs {
  /**
   * Ends when the node said so, when it disconnects or when `signal` is aborted; what waits for a slow reader is
   * bounded, and what does not fit is counted in `dropped`. Throws an `OperationError`, before anything is read:
   * `wrong_state` where the node is not connected, `unavailable` where too many are reading or `reader` reads too much. What is read ends with a
   * `not_found` where the node knows no such plugin.
   */
  read(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk>;
}
