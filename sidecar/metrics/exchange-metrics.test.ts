import { expect, test } from "vitest";

import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { parseExposition } from "../../test/support/exposition.ts";
import { ExchangeMetrics, type ExchangeEnd } from "./exchange-metrics.ts";

const FINE: ExchangeEnd = {
  protocol: "http/1.1",
  status: 204,
  error: undefined,
  duration: 3,
  received: 10,
  sent: 0,
  dropped: [],
};

test("exchanges are counted by listener, protocol, class of status and error", () => {
  const registry = new MetricsRegistry();
  const metrics = new ExchangeMetrics(registry);
  const inbound = metrics.listener("inbound");
  metrics.listener("outbound").began();

  for (let i = 0; i < 5; i++) inbound.began();
  inbound.ended(FINE);
  inbound.ended({ ...FINE, status: 200, sent: 7, dropped: ["x_a", "x_b"] });
  inbound.ended({ ...FINE, protocol: "h2", status: 503, error: "pool_full" });
  inbound.ended({ ...FINE, status: 0, error: "client_gone", duration: 400 });

  const samples = parseExposition(registry.expose());
  const exchanges = (labels: string): number | undefined =>
    samples.get(`sluice_exchanges_total{listener=${labels}}`);
  expect(exchanges('"inbound",protocol="http/1.1",status_class="2xx",error=""')).toBe(2);
  expect(exchanges('"inbound",protocol="h2",status_class="5xx",error="pool_full"')).toBe(1);
  expect(exchanges('"inbound",protocol="http/1.1",status_class="none",error="client_gone"')).toBe(1);
  expect(samples.get('sluice_exchanges_in_flight{listener="inbound"}')).toBe(1);
  expect(samples.get('sluice_exchanges_in_flight{listener="outbound"}')).toBe(1);
  expect(samples.get('sluice_exchange_body_bytes_total{listener="inbound",direction="received"}')).toBe(40);
  expect(samples.get('sluice_exchange_body_bytes_total{listener="inbound",direction="sent"}')).toBe(7);
  expect(samples.get('sluice_request_fields_dropped_total{listener="inbound"}')).toBe(2);
});

test("what was refused before it was an exchange is counted with its error, and has no duration", () => {
  const registry = new MetricsRegistry();
  const inbound = new ExchangeMetrics(registry).listener("inbound");

  inbound.refused("http/1.1", 431, "header_too_large");
  inbound.refused("h2", 0, "bad_request");

  const exposed = registry.expose();
  const samples = parseExposition(exposed);
  const exchanges = (labels: string): number | undefined =>
    samples.get(`sluice_exchanges_total{listener="inbound",${labels}}`);
  expect(exchanges('protocol="http/1.1",status_class="4xx",error="header_too_large"')).toBe(1);
  expect(exchanges('protocol="h2",status_class="none",error="bad_request"')).toBe(1);
  expect(samples.get('sluice_exchanges_in_flight{listener="inbound"}')).toBe(0);
  expect(exposed).not.toContain("sluice_exchange_duration_seconds_count");
});

test("durations are in seconds", () => {
  const registry = new MetricsRegistry();
  const inbound = new ExchangeMetrics(registry).listener("inbound");

  inbound.began();
  inbound.ended(FINE);

  const series = 'listener="inbound",protocol="http/1.1",status_class="2xx"';
  const samples = parseExposition(registry.expose());
  expect(samples.get(`sluice_exchange_duration_seconds_sum{${series}}`)).toBe(0.003);
  expect(samples.get(`sluice_exchange_duration_seconds_bucket{${series},le="0.0025"}`)).toBe(0);
  expect(samples.get(`sluice_exchange_duration_seconds_bucket{${series},le="0.005"}`)).toBe(1);
});
