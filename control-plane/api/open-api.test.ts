import { fastify } from "fastify";
import { expect, test } from "vitest";

import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import type { Gate } from "./gate.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { ENDPOINTS } from "./contract/endpoints.ts";
import { API_PREFIX } from "./contract/prefix.ts";
import type { Store } from "../store/store.ts";
import { addHealthPage } from "./health-page.ts";
import { addMetricsPage } from "./metrics-page.ts";
import { openApiDocument } from "./open-api.ts";

interface Operation {
  readonly servers?: readonly { readonly url: string }[];
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, unknown>>;
}
type Item = { readonly servers?: Operation["servers"] } & Readonly<Record<string, Operation>>;

/** Every operation with every address that the document gives it. */
function documented(): readonly { readonly route: string; readonly operation: Operation }[] {
  const { paths, servers } = openApiDocument() as {
    readonly paths: Readonly<Record<string, Item>>;
    readonly servers: NonNullable<Operation["servers"]>;
  };
  return Object.entries(paths).flatMap(([path, { servers: own, ...operations }]) =>
    Object.entries(operations).flatMap(([method, operation]) =>
      (operation.servers ?? own ?? servers).map(({ url }) => ({
        route: `${method.toUpperCase()} ${url === "/" ? "" : url}${path}`,
        operation,
      })),
    ),
  );
}

/** What the port serves beside the table of endpoints. */
async function pages(): Promise<readonly string[]> {
  const routes: string[] = [];
  await using app = fastify({ exposeHeadRoutes: false });
  app.addHook("onRoute", ({ method, url }) => void routes.push(`${String(method)} ${url}`));
  addMetricsPage(app, new MetricsRegistry(), {} as Gate, true);
  addHealthPage(app, {} as Store);
  return routes;
}

test("every route of the port is in the document, and no other is", async () => {
  const endpoints = Object.values<Endpoint>(ENDPOINTS).map(
    ({ method, path }) => `${method} ${API_PREFIX}${path.replaceAll(/:([a-z]+)/g, "{$1}")}`,
  );

  const routes = documented().map(({ route }) => route);

  expect(routes.toSorted()).toEqual([...endpoints, ...(await pages())].toSorted());
});

test("every documented operation answers, with a status that the document has", async () => {
  await using plane = await TestControlPlane.start();
  for (const { route, operation } of documented()) {
    const [method = "", path = ""] = route.split(" ");
    const url = `${plane.baseUrl}${path.replaceAll(/\{[a-z]+\}/g, "1")}`;
    const answer = await fetch(url, { method });
    await answer.body?.cancel();

    const isOpen = operation.security?.length === 0;
    expect([route, answer.status]).toEqual([route, isOpen ? 200 : 401]);
    const statuses = Object.keys(operation.responses);
    expect(statuses).toContain(isOpen ? "200" : "default");
  }
});

test("a success that is documented is one that comes: every-right.test.ts has them, but for parts of bytes", () => {
  const statuses = documented().map(({ operation }) => Object.keys(operation.responses).join());

  expect(new Set(statuses)).toEqual(new Set(["200,default", "204,default", "200,206,default"]));
});
