/** What to read of a plugin's log on a node. */
export interface LogRequest {
  readonly node: string;
  readonly plugin: string;
  /** Most bytes of what is there already; at most 4 MiB. */
  readonly tailBytes: number;
  /** Go on with what comes, until the reader leaves or the node does. */
  readonly follow: boolean;
}

/** Lines as the plugin wrote them; `dropped`: lines lost before these, since somebody on the way was too slow. */
export interface LogChunk {
  readonly lines: readonly string[];
  readonly dropped: number;
}

/** Reads what plugins log on nodes, through their streams; nothing is kept here. */
export interface NodeLogs {
  /**
   * Ends when the node said so, when it disconnects or when `signal` is aborted; what waits for a slow reader is
   * bounded, and what does not fit is counted in `dropped`. Throws an `OperationError`, before anything is read:
   * `wrong_state` where the node is not connected, `unavailable` where too many are reading. What is read ends with a
   * `not_found` where the node knows no such plugin.
   */
  read(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk>;
}
