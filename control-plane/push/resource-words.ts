import type { ResourceType__Output } from "../../proto/gen/mesh/v1/ResourceType.ts";
import { RESOURCE_TYPES, type ResourceType } from "../model/node.ts";

/** What the contract calls each type. */
export const RESOURCE_WORDS = { stage: "STAGE", route: "ROUTE", chain: "CHAIN" } as const;

/** Undefined for what this control plane does not know. */
export function resourceTypeOf(word: ResourceType__Output): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => RESOURCE_WORDS[type] === word);
}
