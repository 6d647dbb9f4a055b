import type { FailurePolicy } from "../../core/failure-policy.ts";
import type { PluginManifest } from "../../core/packages/manifest.ts";
import type { Revised } from "./revised.ts";

/** A team's area: its clusters, plugins and people. */
export interface Domain extends Revised {
  /** A DNS label. */
  readonly name: string;
  readonly description: string;
  /** Versions must be approved before they can be released. */
  readonly versionApproval: boolean;
}

/** The unit in which ops enable plugins; names are unique over all domains. */
export interface Cluster extends Revised {
  readonly name: string;
  readonly domain: string;
  /** Free text such as `production`; one cluster has one. */
  readonly environment: string;
  /** Approvals that a release needs here, 0 to 10. */
  readonly requiredApprovals: number;
  /** A rollback needs approval here even where the version was ACTIVE before. */
  readonly rollbackApproval: boolean;
}

export interface Plugin extends Revised {
  readonly name: string;
  readonly domain: string;
  readonly description: string;
  /** Names of people; only they and admins upload. */
  readonly owners: readonly string[];
}

export const VERSION_APPROVALS = ["PENDING", "APPROVED", "REFUSED"] as const;
export type VersionApproval = (typeof VERSION_APPROVALS)[number];

/** What was uploaded under a digest. */
export interface UploadedPackage extends Readonly<
  Pick<PluginVersion, "plugin" | "version" | "digest" | "size">
> {
  /** Of its manifest. */
  readonly failurePolicy: FailurePolicy;
}

/** Write-once: but for `approval` nothing of it ever changes. */
export interface PluginVersion extends Revised {
  readonly plugin: string;
  readonly version: string;
  /** sha256 of the zip, hex: its identity. */
  readonly digest: string;
  /** Bytes of the zip. */
  readonly size: number;
  readonly manifest: PluginManifest;
  /** JSON schema of the config; undefined: any config goes. */
  readonly configSchema: unknown;
  readonly readme: string | undefined;
  readonly uploader: string;
  /** Wall clock, ms; for people. */
  readonly uploadedAt: number;
  readonly approval: VersionApproval;
  readonly approvedBy: string | undefined;
  readonly note: string;
}
