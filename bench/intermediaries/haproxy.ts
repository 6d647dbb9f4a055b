import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Target } from "./target.ts";

/** HAProxy with one thread and the same three header rules as nginx. */
export function haproxyCommand({ folder, port, upstream, workload }: Target): readonly string[] {
  const file = join(folder, "haproxy.cfg");
  const proto = workload === "http1" ? "" : " proto h2";
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}${proto}
  http-request deny if { req.hdr(x-forbidden) -m found }
  http-request set-header X-Web-A 1
  http-request set-header X-Web-B 2
  http-request set-header X-Web-C 3
  http-response set-header X-Web-D 4
  default_backend app
backend app
  server app 127.0.0.1:${upstream}${proto}
`,
  );
  return ["haproxy", "-f", file];
}
