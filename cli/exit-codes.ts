/** What the exit code of every command tells; documented in docs/command.md from this table. */
export const EXIT_CODES = {
  done: { code: 0, meaning: "It was done; what was waited for has come." },
  failed: { code: 1, meaning: "It failed; standard error says why." },
  usage: { code: 2, meaning: "The command was called in a way there is not." },
  refused: { code: 3, meaning: "No valid token, or one that may not do this." },
  notFound: {
    code: 4,
    meaning:
      "There is no such thing, or none that one may see: what is named, also in a filter, or the context.",
  },
  conflict: { code: 5, meaning: "Its state does not allow this, or somebody was faster." },
  unreachable: { code: 6, meaning: "The control plane cannot be reached or cannot answer now." },
  unsettled: { code: 7, meaning: "What was waited for did not come in time." },
  nodesFailed: {
    code: 8,
    meaning: "A release is settled, and nodes of it have failed; or nodes refuse what `wait` waits for.",
  },
  differs: { code: 9, meaning: "`diff` found differences." },
  killed: {
    code: 10,
    meaning:
      "A part of Sluice was ended by a signal that it was not sent from here; standard error says which.",
  },
  waits: {
    code: 11,
    meaning:
      "A release waits for somebody to approve or begin it, and its nodes have done nothing; standard error says for whom.",
  },
} as const;

export type ExitName = keyof typeof EXIT_CODES;
