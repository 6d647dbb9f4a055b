import type { Connection } from "../engine.ts";

/**
 * Releases say what they were approved under. Of those of before it is known that their approvals were enough, or that
 * they wait for what their cluster asks for.
 */
export async function keepRequiredApprovals(connection: Connection): Promise<void> {
  const clusters = await connection.selectFrom("clusters").select(["name", "record"]).execute();
  const asked = new Map(
    clusters.map(({ name, record }) => [name, (parse(record) as Asking).requiredApprovals]),
  );
  const releases = await connection.selectFrom("releases").select(["id", "cluster", "record"]).execute();
  for (const { id = null, cluster = null, record } of releases) {
    const release = parse(record) as Asked;
    const needed = asked.get(cluster) ?? 0;
    const requiredApprovals =
      release.state === "PENDING_APPROVAL" ? needed : Math.min(needed, release.approvals.length);
    await connection
      .updateTable("releases")
      .set({ record: JSON.stringify({ ...release, requiredApprovals }) })
      .where("id", "=", id)
      .execute();
  }
}

/** Of a cluster as it was at this level. */
interface Asking {
  readonly requiredApprovals: number;
}

/** Of a release. */
interface Asked {
  readonly state: string;
  readonly approvals: readonly unknown[];
}

function parse(record: unknown): unknown {
  return JSON.parse(String(record));
}
