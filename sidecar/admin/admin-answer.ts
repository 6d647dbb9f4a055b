export interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** The Allow field of a 405. */
  readonly allow?: string;
}

/** People read this too, hence the indentation. */
export function json(status: number, content: unknown): AdminAnswer {
  const body = `${JSON.stringify(content, undefined, 2)}\n`;
  return { status, type: "application/json; charset=utf-8", body };
}
