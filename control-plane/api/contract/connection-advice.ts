import {
  troubleOf,
  type ConnectionTrouble,
  type TroubleKind,
} from "../../../core/connections/connection-trouble.ts";
import { messageOf } from "../../../core/errors.ts";

/** What is known of the connection that failed. */
export interface ConnectionFacts {
  /** The client was told whom to believe, instead of whom the system believes. */
  readonly authority: boolean;
  /** A server that does not take a client's certificate may close without a word. `settled`: no TLS, or it has answered. */
  readonly certificate: "none" | "shown" | "settled";
  /** What a closer look has found. */
  readonly trouble?: ConnectionTrouble | undefined;
}

/** It has answered this client before. */
export const ANSWERED: ConnectionFacts = { authority: false, certificate: "settled" };

/** What is wrong with a connection and what to do about it, for whoever calls the command. */
export function connectionAdvice(cause: unknown, facts: ConnectionFacts): string {
  const trouble = facts.trouble ?? troubleOf(cause);
  return trouble === undefined ? messageOf(cause) : ADVICE[trouble.kind](facts, trouble);
}

type Advice = (facts: ConnectionFacts, trouble: ConnectionTrouble) => string;

const SHOW =
  "show one with --cert FILE --key FILE, or keep it with `sluice context set NAME --cert FILE --key FILE`";
const UNSHOWN = `it may want a client's certificate, and none was shown: ${SHOW}`;
const AUTHORITY =
  "whether the control plane's --tls-client-authority has signed it, and whether it has expired";
const UNTAKEN = `it may not take the client's certificate that was shown: see ${AUTHORITY}`;

const ADVICE: Readonly<Record<TroubleKind, Advice>> = {
  refused: () => "nothing listens there; start it with `sluice control-plane`, or check the address",
  "no-such-host": () => "no such host; check the address",
  "name-lookup": () => "the name cannot be looked up at the moment; check the network",
  "no-way": () => "no way to that host; check the network",
  "slow-connect": () => "it did not accept the connection in time; check the address and firewalls",
  "slow-answer": () => "it did not answer in time; try again",
  "unknown-authority": ({ authority }) =>
    `${authority ? "the authority that was given has not signed its certificate" : "its certificate is signed by nobody that is known here"}: ` +
    "name who has signed it with --ca FILE, or keep that with `sluice context set NAME --ca FILE`",
  expired: () =>
    "its certificate, or that of its authority, has expired: it has to be renewed where the control plane's --tls-certificate is",
  "not-yet-valid": () => "its certificate is not valid yet: compare the clocks of both machines",
  "other-name": (_facts, { names = "another name" }) =>
    `its certificate is for ${names}: use such a name in the address, or give it a certificate for this one`,
  "speaks-no-tls": () => "it does not speak TLS; use http:// in the address",
  "speaks-tls": () => "it speaks TLS; use https:// in the address",
  "other-protocol": () =>
    "it does not speak HTTP/1.1; check the port, which is that of the API (7400), not that of the nodes (7401)",
  "certificate-wanted": () => `it wants a client's certificate, and none was shown: ${SHOW}`,
  "certificate-refused": () => `it does not take the client's certificate that was shown: see ${AUTHORITY}`,
  "tls-failed": ({ certificate }) =>
    `TLS failed; ${certificate === "shown" ? UNTAKEN : UNSHOWN}, or both sides may not have a version of TLS in common`,
  closed: ({ certificate }) => `it closed the connection; ${CLOSED[certificate]}`,
};

const CLOSED = {
  none: `${UNSHOWN}; or it is restarting`,
  shown: `${UNTAKEN}; or it is restarting`,
  settled: "it may be restarting, try again",
} as const satisfies Record<ConnectionFacts["certificate"], string>;
