import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { missingProgram } from "./missing.ts";
import type { Target } from "./target.ts";

const MODULES = "/usr/lib/nginx/modules";

const COMMON = `worker_processes 1;
daemon off;
master_process off;
error_log stderr crit;
`;

interface Flavour {
  readonly modules: readonly string[];
  /** Lines of the http block. */
  readonly http: string;
  /** Lines of the location block. */
  readonly location: string;
}

/** Three header rules in each flavour: what three plugins of the sidecar do, and a response header. */
const FLAVOURS = {
  plain: { modules: [], http: "", location: "" },
  lua: {
    modules: ["ndk_http_module.so", "ngx_http_lua_module.so"],
    http: "lua_code_cache on;",
    location: `
      access_by_lua_block {
        if ngx.var.http_x_forbidden then return ngx.exit(403) end
        ngx.req.set_header("X-Web-A", "1")
        ngx.req.set_header("X-Web-B", "2")
        ngx.req.set_header("X-Web-C", "3")
      }
      header_filter_by_lua_block { ngx.header["X-Web-D"] = "4" }`,
  },
  njs: {
    modules: ["ngx_http_js_module.so"],
    http: "js_path NJS_PATH; js_import rules from rules.js; js_set $rule_a rules.a; js_set $rule_b rules.b; js_set $rule_c rules.c;",
    location: `
      proxy_set_header X-Web-A $rule_a;
      proxy_set_header X-Web-B $rule_b;
      proxy_set_header X-Web-C $rule_c;
      js_header_filter rules.d;`,
  },
} as const satisfies Record<string, Flavour>;

export type NginxFlavour = keyof typeof FLAVOURS;

const NJS_RULES = `function a(r) { return r.headersIn['x-forbidden'] ? '0' : '1'; }
function b() { return '2'; }
function c() { return '3'; }
function d(r) { r.headersOut['X-Web-D'] = '4'; }
export default { a, b, c, d };
`;

/** Why a flavour cannot run here; undefined if it can. */
export function missingForNginx(flavour: NginxFlavour): string | undefined {
  const modules: readonly string[] = FLAVOURS[flavour].modules;
  const module = modules.find((name) => !existsSync(join(MODULES, name)));
  return missingProgram("nginx") ?? (module === undefined ? undefined : `nginx has no ${module} here`);
}

/** Writes a configuration into the target's folder and says how nginx is started with it. */
export function nginxCommand(flavour: NginxFlavour, target: Target): readonly string[] {
  const { folder, port, workload } = target;
  const { modules, http, location } = FLAVOURS[flavour];
  const file = join(folder, `nginx-${flavour}.conf`);
  writeFileSync(join(folder, "rules.js"), NJS_RULES);
  const loads = modules.map((name) => `load_module ${MODULES}/${name};\n`).join("");
  writeFileSync(
    file,
    `${loads}${COMMON}pid ${folder}/nginx-${flavour}.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  ${http.replace("NJS_PATH", `"${folder}"`)}
  upstream app { server 127.0.0.1:${target.upstream}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port}${workload === "http1" ? "" : " http2"};
    location / {${workload === "grpc" ? GRPC_PASS : PROXY_PASS}${location}
    }
  }
}
`,
  );
  return ["nginx", "-p", folder, "-c", file];
}

const PROXY_PASS = `
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;`;

const GRPC_PASS = `
      grpc_pass grpc://app;
      grpc_socket_keepalive on;`;
