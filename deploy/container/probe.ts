// Asks the admin port of the sidecar in this container for a path: `node deploy/container/probe.js /ready`. Exit code
// 0 when it answers 200, else 1. For the image's health check, and for platforms whose probes run commands.
const [path = "/live"] = process.argv.slice(2);
const { SLUICE_ADMIN: admin = "" } = process.env;
const port = /:(\d+)$/.exec(admin)?.[1] ?? "15190";

try {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) process.stderr.write(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`${path}: ${String(error)}\n`);
  process.exitCode = 1;
}
