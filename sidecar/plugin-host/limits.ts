// Bounds on the host's side; those of what leaves an isolate are in world/limits.ts.

/** Wall time that an entry may take beyond twice its CPU budget, ms: the host does not have the CPU all the time. */
export const PREEMPTION_SLACK = 20;

/** CPU of `init`, of `destroy` and of evaluating a script, ms; never more than the hook's timeout. */
export const HOOK_CPU = 500;

/**
 * Records that one entry may hand out, since reading them is nobody's time on the CPU: more than a full store that is
 * emptied and filled again. What comes behind them is lost, and the entry failed.
 */
export const MAX_RECORDS = 40_000;

/** Failures in one entry that no question waits for; a script that was let be has one to tell. */
export const MAX_STRAYS = 100;

/** Questions of one generation that may be waiting at a time. */
export const MAX_PENDING = 1000;

/** Runs of mode `degrade` that may wait for a quiet moment. */
export const MAX_BACKGROUND_RUNS = 1000;

/** Share of one CPU that a generation's timers and other work for nobody may use. */
export const BACKGROUND_SHARE = 0.05;

/** Milliseconds after which the effects of work that nobody waits for are looked for. */
export const SWEEP_AFTER = 10;

/**
 * Milliseconds by which a standby puts timers off that nobody waits for, again and again while its active host owes an
 * answer: what hangs one host is not to hang the other before the first was found and replaced.
 */
export const STANDBY_LAG = 5_000;

/** The smallest heap that isolated-vm gives, bytes. */
export const MIN_MEMORY = 8 * 1024 * 1024;
