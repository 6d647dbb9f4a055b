export const FAILURE_POLICIES = ["open", "closed"] as const;
/** What stands in for a plugin that gave no valid answer: `open` goes on, `closed` answers 503. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];
