import { z } from "zod";

import type { Endpoint } from "./contract/endpoint.ts";
import { ENDPOINTS } from "./contract/endpoints.ts";
import { PARAMETERS, parametersOf } from "./contract/parameters.ts";
import { API_PREFIX } from "./contract/prefix.ts";
import { PROBLEM_CODES } from "./contract/problem-codes.ts";
import { problem } from "./contract/resources.ts";

type Json = Readonly<Record<string, unknown>>;

/** What the port answers beside the API; a token is needed unless `--open-metrics` says otherwise. */
const PAGES: Json = {
  "/metrics": {
    servers: [{ url: "/" }],
    get: {
      operationId: "metrics",
      summary: "Metrics of the control plane, as Prometheus reads them.",
      "x-right": "read",
      "x-scope": "somewhere",
      responses: {
        200: { description: "The metrics.", content: { "text/plain": {} } },
        default: { $ref: "#/components/responses/Problem" },
      },
    },
  },
};

/** The OpenAPI 3.1 document of the whole API, made of the schemas that validate. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, endpoint] of Object.entries<Endpoint>(ENDPOINTS)) {
    const path = endpoint.path.replaceAll(/:([a-z]+)/g, "{$1}");
    (paths[path] ??= {})[endpoint.method.toLowerCase()] = operationOf(name, endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice control plane",
      version: "v1",
      description:
        "Every change takes a tick. Errors are problem documents (RFC 9457) with a stable `code`. `ETag` is the revision of a record; `If-Match` refuses a change of what others have changed since. Listings come in pages: `next` is the `cursor` of the page after.",
    },
    servers: [{ url: API_PREFIX }],
    security: [{ token: [] }],
    paths: { ...paths, ...PAGES },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of `POST /tokens`." },
      },
      schemas: { Problem: schemaOf(problem, "output") },
      responses: { Problem: problemResponse() },
    },
  };
}

function operationOf(name: string, endpoint: Endpoint): Json {
  const { right, scope, summary, answer } = endpoint;
  return {
    operationId: name,
    summary,
    // Platforms look for it without a prefix.
    ...(name === "health" ? { servers: [{ url: API_PREFIX }, { url: "/" }] } : {}),
    ...(right === "none" ? { security: [] } : { "x-right": right, "x-scope": scope }),
    parameters: [...pathParameters(endpoint), ...queryParameters(endpoint), ...headerParameters(endpoint)],
    ...requestBody(endpoint),
    responses: { ...success(answer, endpoint), default: { $ref: "#/components/responses/Problem" } },
  };
}

function pathParameters({ path }: Endpoint): readonly Json[] {
  return parametersOf(path).map((name) => ({
    name,
    in: "path",
    required: true,
    schema: schemaOf(PARAMETERS[name], "input"),
  }));
}

function queryParameters({ query, watch }: Endpoint): readonly Json[] {
  const known = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    schema: schemaOf(schema as z.ZodType, "output"),
  }));
  const description = "Answers with server-sent events: the answer now, and again at each change of it.";
  return watch === true
    ? [...known, { name: "watch", in: "query", description, schema: { type: "boolean" } }]
    : known;
}

function headerParameters({ revised, ranges }: Endpoint): readonly Json[] {
  if (ranges === true) {
    const description = "One range of bytes (RFC 9110), such as `bytes=1000-`.";
    return [{ name: "Range", in: "header", description, schema: { type: "string" } }];
  }
  if (revised !== true) return [];
  const description = "The ETag that was seen; where it is another one by now, 412.";
  return [{ name: "If-Match", in: "header", description, schema: { type: "string" } }];
}

function requestBody({ body, upload }: Endpoint): Json {
  if (upload === true) {
    const properties = {
      package: { type: "string", contentMediaType: "application/zip" },
      note: { type: "string", maxLength: 4_096 },
    };
    const schema = { type: "object", properties, required: ["package"] };
    return { requestBody: { required: true, content: { "multipart/form-data": { schema } } } };
  }
  if (body === undefined) return {};
  const schema = schemaOf(body, "input");
  const required = !body.safeParse({}).success;
  return { requestBody: { required, content: { "application/json": { schema } } } };
}

function success(answer: Endpoint["answer"], { watch, ranges }: Endpoint): Json {
  if (answer === "nothing") return { 204: { description: "Done." } };
  if (answer === "bytes") {
    const content = { "application/octet-stream": {} };
    const part = { 206: { description: "The range of them that was asked for.", content } };
    return { 200: { description: "The bytes.", content }, ...(ranges === true ? part : {}) };
  }
  if (answer === "text") {
    return { 200: { description: "The text.", content: { "text/plain": {}, "text/event-stream": {} } } };
  }
  const schema = schemaOf(answer, "output");
  const stream = watch === true ? { "text/event-stream": { schema } } : {};
  return { 200: { description: "The answer.", content: { "application/json": { schema }, ...stream } } };
}

function problemResponse(): Json {
  const codes = Object.entries(PROBLEM_CODES).map(([code, { status }]) => `\`${code}\` (${status})`);
  const schema = { $ref: "#/components/schemas/Problem" };
  return {
    description: `Refused or failed: ${codes.join(", ")}.`,
    content: { "application/problem+json": { schema } },
  };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
  });
  return rest;
}
