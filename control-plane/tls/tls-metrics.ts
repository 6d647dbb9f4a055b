import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Registers how it stands with the certificate, read at each scrape; without TLS there are no values. */
export function observeTls(
  registry: MetricsRegistry,
  files: Pick<TlsFiles, "expiresAt" | "problem"> | undefined,
): void {
  registry.observe(
    "sluice_cp_tls_certificate_expires_timestamp_seconds",
    "When the certificate in force expires, in seconds since 1970.",
    "gauge",
    [],
    () => (files === undefined ? [] : [[[], files.expiresAt / 1_000]]),
  );
  registry.observe(
    "sluice_cp_tls_files_refused",
    "1 while certificate or key on the disk cannot be put in force, and the ones before them stay.",
    "gauge",
    [],
    () => (files === undefined ? [] : [[[], files.problem === undefined ? 0 : 1]]),
  );
}
