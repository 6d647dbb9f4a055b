import type { ConnectionTrouble, TroubleKind } from "../../core/connections/connection-trouble.ts";

/** What is wrong with the connection to the control plane's stream, and which setting to look at. */
export function streamAdvice(trouble: ConnectionTrouble, authority: boolean): string {
  return (STREAM[trouble.kind] ?? BOTH[trouble.kind])(trouble, authority);
}

/** The same of the connection over which packages come. */
export function artifactAdvice(trouble: ConnectionTrouble, authority: boolean): string {
  return (ARTIFACTS[trouble.kind] ?? BOTH[trouble.kind])(trouble, authority);
}

type Advice = (trouble: ConnectionTrouble, authority: boolean) => string;

const SHOW = "set --control-plane-cert and --control-plane-key";
const AUTHORITY =
  "whether the control plane's --tls-client-authority has signed it, and whether it has expired";

const BOTH: Readonly<Record<TroubleKind, Advice>> = {
  refused: () => "nothing listens there (ECONNREFUSED)",
  "no-such-host": () => "there is no such host (ENOTFOUND)",
  "name-lookup": () => "the host's name cannot be looked up at the moment (EAI_AGAIN)",
  "no-way": () => "there is no way to that host",
  "slow-connect": () => "it did not accept the connection in time",
  "slow-answer": () => "it did not answer in time",
  "unknown-authority": (_, authority) =>
    authority
      ? "its certificate is not signed by the authority in --control-plane-ca: name the one that has signed it there"
      : "its certificate is signed by nobody that is known here: name who has signed it with --control-plane-ca",
  expired: () =>
    "its certificate, or that of its authority, has expired: it has to be renewed where the control plane's --tls-certificate is",
  "not-yet-valid": () => "its certificate is not valid yet: compare the clocks of both machines",
  "other-name": ({ names = "another name" }) =>
    `its certificate is for ${names}: use such a name in the address, or give it a certificate for this one`,
  "speaks-no-tls": () => "it does not speak TLS: give the control plane a certificate with --tls-certificate",
  "speaks-tls": () =>
    "it speaks TLS: set --control-plane-tls, or --control-plane-ca for an authority of your own",
  "other-protocol": () => "it speaks another protocol: check the port",
  "certificate-wanted": () => `it wants a certificate of this node, and none was shown: ${SHOW}`,
  "certificate-refused": () =>
    `it does not take the certificate that was shown, of --control-plane-cert: see ${AUTHORITY}`,
  "tls-failed": () =>
    `TLS failed: it may want another certificate of this node (${SHOW}), or have no version of TLS in common with it`,
  closed: () => "it closed the connection: it may be restarting",
};

const STREAM: Readonly<Partial<Record<TroubleKind, Advice>>> = {
  "speaks-no-tls": () =>
    "it does not speak TLS: take away --control-plane-tls, --control-plane-ca and --control-plane-cert, or give the control plane a certificate with --tls-certificate",
  "other-protocol": () =>
    "it does not speak HTTP/2: --control-plane takes the port of the control plane's streams (7401), not of its API (7400)",
};

const ARTIFACTS: Readonly<Partial<Record<TroubleKind, Advice>>> = {
  "speaks-no-tls": () => "it does not speak TLS: see --control-plane-artifacts, which may name http://",
  "speaks-tls": () =>
    "it speaks TLS: set --control-plane-tls or --control-plane-ca, or name https:// in --control-plane-artifacts",
};
