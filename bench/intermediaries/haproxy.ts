import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** HAProxy with one thread and the same three header rules as nginx. */
export function haproxyCommand(folder: string, port: number, upstream: number): readonly string[] {
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  http-request deny if { req.hdr(x-forbidden) -m found }
  http-request set-header X-Web-A 1
  http-request set-header X-Web-B 2
  http-request set-header X-Web-C 3
  http-response set-header X-Web-D 4
  default_backend app
backend app
  server app 127.0.0.1:${upstream}
`,
  );
  return ["haproxy", "-f", file];
}
