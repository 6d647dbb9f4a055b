import { Command } from "commander";
import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { ROLES } from "../../control-plane/model/access.ts";
import { suggestion } from "../../core/nearest.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { nameOf } from "../kind-and-name.ts";
import { parseTime } from "../time.ts";
import { usageError } from "../usage-error.ts";

type Grant = z.infer<typeof resource.grant>;

interface CreateFlags {
  readonly grant: readonly string[];
  readonly node?: string;
  readonly expires?: string;
}

/** `sluice token …`: who may do what. */
export function tokenCommand(line: CommandLine): Command {
  return new Command("token")
    .showHelpAfterError("(`sluice get tokens` lists them)")
    .addCommand(createCommand(line))
    .addCommand(revokeCommand(line));
}

function createCommand(line: CommandLine): Command {
  return new Command("create")
    .description("Makes a token and prints its secret, which is shown this once.")
    .argument("<name>", "whose it is; the actor's name in the audit")
    .requiredOption(
      "--grant <grant...>",
      `${ROLES.join(", ")}; ROLE@CLUSTER or ROLE@domain:DOMAIN narrows it`,
    )
    .option("--node <node>", "the node that a token of role node speaks for")
    .option("--expires <time>", "2026-05-01T12:00:00Z, or +720h from now; default never")
    .action(async (name: string, { grant, node, expires }: CreateFlags, command: Command) => {
      const grants = grant.map(parseGrant);
      const expiresAt = expires === undefined ? undefined : parseTime(expires, line.clock.wall());
      await using connection = await connect(line, command);
      const { token, secret } = await connection.client.call("createToken", {
        body: {
          name,
          grants,
          ...(node === undefined ? {} : { node }),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        },
      });
      line.errors.write(`token ${token.id} of ${token.name}; its secret is shown this once:\n`);
      line.output.write(`${secret}\n`);
    });
}

function revokeCommand(line: CommandLine): Command {
  return new Command("revoke")
    .description("Nothing is done any more by whoever shows it.")
    .argument("<id>", "", nameOf("token"))
    .action(async (token: string, _flags: unknown, command: Command) => {
      await using connection = await connect(line, command);
      await connection.client.call("revokeToken", { params: { token } });
      line.output.write(`token/${token} revoked\n`);
    });
}

/** `operator`, `operator@demo`, `viewer@domain:shop` */
function parseGrant(text: string): Grant {
  const [word = "", ...rest] = text.split("@");
  const role = ROLES.find((each) => each === word);
  if (role === undefined) throw usageError(`--grant: there is no role ${word}${suggestion(word, ROLES)}`);
  const where = rest.join("@");
  if (where === "") return { role, scope: { kind: "all" } };
  if (where.startsWith("domain:")) return { role, scope: { kind: "domain", domain: where.slice(7) } };
  return { role, scope: { kind: "cluster", cluster: where } };
}
