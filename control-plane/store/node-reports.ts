import type { NodeReport } from "../model/node.ts";
import type { Connection } from "./engine.ts";

/** Rows of one statement. */
const BATCH = 500;

/** Writes what nodes reported over what they reported before; a node that was forgotten meanwhile is left out. */
export async function saveReports(connection: Connection, reports: readonly NodeReport[]): Promise<void> {
  for (let start = 0; start < reports.length; start += BATCH) {
    const batch = reports.slice(start, start + BATCH);
    const known = await connection
      .selectFrom("nodes")
      .select("id")
      .where(
        "id",
        "in",
        batch.map(({ node }) => node),
      )
      .execute();
    const ids = new Set(known.map(({ id }) => id));
    const rows = new Map(batch.filter(({ node }) => ids.has(node)).map((report) => [report.node, report]));
    if (rows.size === 0) continue;
    await connection
      .insertInto("node_reports")
      .values([...rows].map(([node, report]) => ({ node, report: JSON.stringify(report) })))
      .onConflict((conflict) =>
        conflict.column("node").doUpdateSet((build) => ({ report: build.ref("excluded.report") })),
      )
      .execute();
  }
}

export async function loadReports(connection: Connection): Promise<readonly NodeReport[]> {
  const rows = await connection.selectFrom("node_reports").select("report").orderBy("node").execute();
  return rows.map(({ report }) => JSON.parse(String(report)) as NodeReport);
}
