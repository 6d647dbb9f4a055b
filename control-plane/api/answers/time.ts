/** Wall clock in ms as the API writes times: ISO 8601 in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function optionalTimeText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : timeText(milliseconds);
}

/** What a schema has checked to be a time. */
export function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
