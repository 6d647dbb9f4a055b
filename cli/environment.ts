/** What the command reads of its environment, besides what its terminal and its folder say. */
export const ENVIRONMENT = {
  /** The file of contexts. */
  contexts: "SLUICE_CONTEXTS",
  /** The name of the context to use. */
  context: "SLUICE_CONTEXT",
  /** The control plane's address, instead of a context. */
  server: "SLUICE_SERVER",
  /** The token, instead of that of the context. */
  token: "SLUICE_TOKEN",
  /** PEM files, as the flags of these names. */
  ca: "SLUICE_CA",
  cert: "SLUICE_CERT",
  key: "SLUICE_KEY",
} as const;
