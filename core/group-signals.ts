/**
 * Terminals and init systems signal all processes of a service at once; a child whose parent says what becomes of it
 * does not end by that.
 */
export function ignoreGroupSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
}
