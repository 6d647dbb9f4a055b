import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { grantText } from "../../control-plane/model/access.ts";
import { age } from "../output/age.ts";
import type { View } from "../output/format.ts";

export const TOKENS: View<z.infer<typeof resource.token>> = {
  kind: "token",
  name: ({ id }) => id,
  columns: [
    { heading: "ID", value: ({ id }) => id },
    { heading: "NAME", value: ({ name }) => name },
    { heading: "GRANTS", value: ({ grants }) => grants.map(grantText).join(",") },
    { heading: "NODE", value: ({ node }) => node ?? "" },
    { heading: "EXPIRES", value: ({ expiresAt }) => expiresAt ?? "never" },
    { heading: "REVOKED", value: ({ revoked }) => (revoked ? "yes" : "no") },
    { heading: "AGE", value: ({ createdAt }, now) => age(createdAt, now) },
    { heading: "CREATED-BY", value: ({ createdBy }) => createdBy, wide: true },
  ],
};

export const AUDIT_EVENTS: View<z.infer<typeof resource.auditEvent>> = {
  kind: "event",
  name: ({ id }) => String(id),
  columns: [
    { heading: "TICK", value: ({ tick }) => String(tick) },
    { heading: "AT", value: ({ at }) => at },
    { heading: "ACTOR", value: ({ actor }) => actor },
    { heading: "ACTION", value: ({ action }) => action },
    { heading: "OUTCOME", value: ({ outcome }) => outcome },
    {
      heading: "RECORDS",
      value: ({ changes, record }) =>
        (record === undefined ? changes : [record]).map(({ kind, key }) => `${kind}/${key}`).join(","),
    },
    // Last: a refusal says why at length.
    { heading: "REASON", value: ({ reason }) => reason },
  ],
};
