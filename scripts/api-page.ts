import { openApiDocument } from "../control-plane/api/open-api.ts";
import type { Endpoint } from "../control-plane/api/contract/endpoint.ts";
import { ENDPOINTS } from "../control-plane/api/contract/endpoints.ts";
import { PROBLEM_CODES } from "../control-plane/api/contract/problem-codes.ts";
import { ACTIONS } from "../control-plane/model/access.ts";

/** docs/openapi.json, made from the table of endpoints. */
export function openApiPage(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

/** docs/api.md, made from the tables of endpoints, rights and problem codes. */
export function apiPage(): string {
  return `<!-- Made by \`npm run generate\` from control-plane/api/contract and control-plane/model/access.ts; a test compares. -->

# The control plane's API

JSON over HTTP below \`/api/v1\`, port 7400. \`docs/openapi.json\` has every schema; a running control plane serves it at
\`/api/v1/openapi.json\`. Each request but those without a right carries \`Authorization: Bearer TOKEN\`.

- **Changes** answer with the new state. Where a record has a \`revision\`, it is the \`ETag\`; \`If-Match\` with it refuses a
  change of what others have changed since (412, \`revision_mismatch\`).
- **Listings** come in pages: \`limit\` (1 to 1,000, 100 by default), \`cursor\` from \`next\` of the page before. They give
  what the token may read, so a page can be shorter than the limit and yet have a \`next\`.
- **\`?watch\`** answers with server-sent events: the answer now, and again whenever it is another one. A slow reader gets
  the last state, not every one. \`event: problem\` ends a stream that cannot go on.
- **Errors** are problem documents (RFC 9457, \`application/problem+json\`) with a stable \`code\`, a \`detail\` for people and,
  where the input is wrong, \`problems\` by key. \`x-request-id\` finds the request in the log.

## Endpoints

\`watch\`: takes \`?watch\`; \`If-Match\`: takes that header. The scope says for what the right is needed: \`everywhere\` takes
a grant for everything, \`somewhere\` any grant, the others a grant that covers what the request names.

| method | path | right | scope | | meaning |
| --- | --- | --- | --- | --- | --- |
${Object.values<Endpoint>(ENDPOINTS).map(endpointRow).join("\n")}

## Rights

| right | roles |
| --- | --- |
${Object.entries(ACTIONS)
  .map(([action, roles]) => `| \`${action}\` | ${roles.join(", ")} |`)
  .join("\n")}

## Problem codes

| code | status | title |
| --- | --- | --- |
${Object.entries(PROBLEM_CODES)
  .map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`)
  .join("\n")}
`;
}

function endpointRow({ method, path, right, scope, summary, watch, revised }: Endpoint): string {
  const marks = [...(watch === true ? ["watch"] : []), ...(revised === true ? ["If-Match"] : [])].join(", ");
  const where = right === "none" ? "" : scope;
  return `| ${method} | \`${path}\` | ${right === "none" ? "" : `\`${right}\``} | ${where} | ${marks} | ${summary} |`;
}
