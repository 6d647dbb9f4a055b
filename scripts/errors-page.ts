import { FAILURE_CAUSES } from "../sidecar/chain/verdict.ts";
import { errorAnswer } from "../sidecar/http/answers.ts";
import { WIRE_ERRORS, type WireErrorCode } from "../sidecar/http/wire-error.ts";

/** docs/errors.md, made from the table by which the sidecar answers. */
export function errorsPage(): string {
  const rows = Object.entries(WIRE_ERRORS).map(([code, source]) => {
    const { status, grpcStatus, close, body } = errorAnswer(code as WireErrorCode);
    const { title } = JSON.parse(body.toString()) as { readonly title: string };
    const cells = [`\`${code}\``, source, String(status), String(grpcStatus), close ? "yes" : "", title];
    return `| ${cells.join(" | ")} |`;
  });
  return `<!-- Made by \`npm run generate\` from sidecar/http/answers.ts; a test compares. -->

# Errors

An answer that the sidecar gives itself has \`X-Mesh-Error: CODE\` and a body of \`application/problem+json\`; what exactly
happened stands in the log, never in the answer: the field \`reason\` of the access log. The code is also the label \`error\`
of \`sluice_exchanges_total\` and the field \`error\` of the access log, of heads too that the sidecar refuses before it has a
request. Status 499 is for log and metrics: nobody is there to read it.

| code | whose | status | gRPC | closes the connection | meaning |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

A plugin with policy \`closed\` that gave no valid answer: status 503, \`X-Mesh-Error: plugin_unavailable\`, and in log and
metrics \`plugin_CAUSE\`. The causes: ${FAILURE_CAUSES.map((cause) => `\`${cause}\``).join(", ")}.
`;
}
