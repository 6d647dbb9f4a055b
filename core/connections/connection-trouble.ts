/** Why there is no connection, or none that can be used, as far as it is known. */
export type TroubleKind =
  | "refused"
  | "no-such-host"
  | "name-lookup"
  | "no-way"
  | "slow-connect"
  | "slow-answer"
  | "unknown-authority"
  | "expired"
  | "not-yet-valid"
  | "other-name"
  /** TLS was begun, and the other side does not speak it. */
  | "speaks-no-tls"
  /** TLS was not begun, and the other side speaks it. */
  | "speaks-tls"
  | "other-protocol"
  | "certificate-wanted"
  | "certificate-refused"
  | "tls-failed"
  /** The other side closed it without a word. */
  | "closed";

export interface ConnectionTrouble {
  readonly kind: TroubleKind;
  /** Whom the certificate is for, with `other-name`: what a stranger wrote, bounded. */
  readonly names?: string;
}

const BY_CODE: Readonly<Record<string, TroubleKind>> = {
  ECONNREFUSED: "refused",
  ENOTFOUND: "no-such-host",
  EAI_AGAIN: "name-lookup",
  EHOSTUNREACH: "no-way",
  ENETUNREACH: "no-way",
  ETIMEDOUT: "slow-connect",
  UND_ERR_CONNECT_TIMEOUT: "slow-connect",
  UND_ERR_HEADERS_TIMEOUT: "slow-answer",
  UND_ERR_BODY_TIMEOUT: "slow-answer",
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknown-authority",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-authority",
  CERT_SIGNATURE_FAILURE: "unknown-authority",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  ERR_TLS_CERT_ALTNAME_INVALID: "other-name",
  ECONNRESET: "closed",
  EPIPE: "closed",
  UND_ERR_SOCKET: "closed",
  HPE_INVALID_EOF_STATE: "closed",
};

/** A parser of HTTP met what is none; what OpenSSL's codes end with is a record that is no TLS, or the other side's alert. */
const BY_PATTERN: readonly (readonly [RegExp, TroubleKind])[] = [
  [/^HPE_/, "other-protocol"],
  [
    /^ERR_SSL_.*(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|HTTPS_PROXY_REQUEST)$/,
    "speaks-no-tls",
  ],
  [/^ERR_SSL_.*ALERT_CERTIFICATE_REQUIRED$/, "certificate-wanted"],
  [/^ERR_SSL_.*ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_\w+)$/, "certificate-refused"],
  [/^ERR_SSL_.*ALERT_NO_APPLICATION_PROTOCOL$/, "other-protocol"],
  [/^ERR_SSL_/, "tls-failed"],
];

const LONGEST_NAMES = 200;

/** What an error of a socket, of TLS or of undici means; undefined: that is not known. */
export function troubleOf(thrown: unknown): ConnectionTrouble | undefined {
  const error = codedError(thrown);
  if (error === undefined) return undefined;
  const kind = BY_CODE[error.code] ?? BY_PATTERN.find(([pattern]) => pattern.test(error.code))?.[1];
  if (kind === undefined) return undefined;
  const names = kind === "other-name" ? error.cert?.subjectaltname : undefined;
  return names === undefined ? { kind } : { kind, names: names.slice(0, LONGEST_NAMES) };
}

/** undici's parser has no code for what it met but in its text. */
function parserCode({ message }: Error): string {
  return message.includes("EOF") ? "HPE_INVALID_EOF_STATE" : "HPE_UNREADABLE";
}

interface CodedError {
  readonly code: string;
  readonly cert?: { readonly subjectaltname?: string };
}

/** The system's code lies in the cause of what clients throw; for several addresses, in the first of their errors. */
function codedError(thrown: unknown): CodedError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codedError(thrown.errors[0]);
  if (thrown.name === "HTTPParserError") return { code: parserCode(thrown) };
  if ("code" in thrown && typeof thrown.code === "string") return thrown as Error & CodedError;
  return codedError(thrown.cause);
}
