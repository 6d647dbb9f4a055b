import { usageError } from "./usage-error.ts";

/** The address of a control plane's API, as it was given; a usage error where it is none. */
export function checkServer(server: string): string {
  const { protocol } = URL.parse(server) ?? {};
  if (protocol === "http:" || protocol === "https:") return server;
  throw usageError(`expected the control plane's address such as http://127.0.0.1:7400, not ${server}`);
}
