import { Command } from "commander";

import { MeshError } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import { allPages } from "../all-pages.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { kindAndName } from "../kind-and-name.ts";
import { LISTINGS, type Listing, type ListingFilter, type Shown } from "../listings.ts";
import { formatOption, type FormatFlag } from "../output/format-option.ts";
import { noteEmpty } from "../output/note-empty.ts";
import { printable } from "../output/table.ts";
import { toldWatch } from "../told-watch.ts";
import { usageError } from "../usage-error.ts";

type Client = Parameters<Listing["list"]>[0];

interface GetFlags extends FormatFlag, ListingFilter {
  readonly watch?: boolean;
}

/** `sluice get KIND [NAME]`: lists things, or shows one. */
export function getCommand(line: CommandLine): Command {
  const kinds = LISTINGS.map(({ kind }) => kind).join(", ");
  return new Command("get")
    .argument("<kind>", `one of ${kinds}; or KIND/NAME, as -o name prints it`)
    .showHelpAfterError(`(kinds: ${kinds})`)
    .argument("[name]", "only this one")
    .addOption(formatOption())
    .option("-w, --watch", "again at each change, until Ctrl-C")
    .option("--cluster <cluster>", "only those of a cluster (nodes, releases)")
    .option("--domain <domain>", "only those of a domain (plugins, clusters, chains)")
    .option("--plugin <plugin>", "only those of a plugin (releases)")
    .option("--state <state>", "only those in a state (releases), or of a presence (nodes)")
    .action(async (word: string, second: string | undefined, flags: GetFlags, command: Command) => {
      const { listing, name } = asked(word, second);
      requireKnown(listing, flags);
      const filter = { ...flags, ...stateOf(listing, flags) };
      await using connection = await connect(line, command);
      const { client } = connection;
      if (flags.watch === true) {
        await requireThere(client, flags);
        return await watch(line, client, listing, { ...filter, name });
      }
      const found = await listing.list(client, filter);
      if (found.names.length === 0) await requireThere(client, flags);
      show(line, name === undefined ? found : named(listing, found, name), flags);
      if (name === undefined && found.names.length === 0) {
        const given = listing.filters.map((filter) => [filter, flags[filter]] as const);
        noteEmpty(line, listing.kind, Object.fromEntries(given), flags.output);
      }
    });
}

/** In the words of the API, whatever their case. */
function stateOf({ kind, states = [] }: Listing, { state }: ListingFilter): Pick<ListingFilter, "state"> {
  if (state === undefined) return {};
  const known = states.find((each) => each === state.toUpperCase());
  if (known !== undefined) return { state: known };
  throw usageError(
    `--state: ${kind} have no state ${printable(state)}${suggestion(state, states)} (there are ${states.join(", ")})`,
  );
}

/** Where nothing of what is filtered by is there, somebody meant another; throws `not_found` with the nearest. */
async function requireThere(client: Client, { cluster, domain, plugin }: ListingFilter): Promise<void> {
  const listed = { cluster: "listClusters", domain: "listDomains", plugin: "listPlugins" } as const;
  for (const [noun, name] of Object.entries({ cluster, domain, plugin })) {
    if (name === undefined) continue;
    const endpoint = listed[noun as keyof typeof listed];
    const there = await allPages<{ readonly name: string }>((cursor) =>
      client.call(endpoint, { query: { limit: 500, cursor } }),
    );
    const names = there.map((each) => each.name);
    if (names.includes(name)) continue;
    throw new MeshError(`there is no ${noun} ${name} that you may see${suggestion(name, names)}`, {
      code: "not_found",
      source: "input",
    });
  }
}

function named({ kind }: Listing, found: Shown, name: string): Shown {
  const only = found.only(name);
  if (only !== undefined) return only;
  throw new MeshError(`there is no ${name} among the ${kind} you may see${suggestion(name, found.names)}`, {
    code: "not_found",
    source: "input",
  });
}

async function watch(
  line: CommandLine,
  client: Client,
  listing: Listing,
  flags: GetFlags & { readonly name: string | undefined },
): Promise<void> {
  if (listing.watch === undefined) throw usageError(`${listing.kind} cannot be watched`);
  for await (const items of listing.watch(client, flags, toldWatch(line, line.stop()))) {
    if (line.isTerminal) line.output.write("\u001b[H\u001b[2J");
    show(line, flags.name === undefined ? items : named(listing, items, flags.name), flags);
  }
}

function show(line: CommandLine, items: Shown, { output }: FormatFlag): void {
  line.output.write(items.text(output, line.clock.wall()));
}

/** `node web-1`, `node/web-1` and `node node/web-1` are the same. */
function asked(
  word: string,
  second: string | undefined,
): { readonly listing: Listing; readonly name: string | undefined } {
  const { kind, name } = kindAndName(word);
  if (kind === undefined) {
    const listing = listingOf(word);
    const given = second === undefined ? undefined : kindAndName(second);
    const isOfKind = given?.kind !== undefined && isCalled(listing, given.kind);
    return { listing, name: isOfKind ? given.name : second };
  }
  if (second !== undefined)
    throw usageError(`${printable(word)} is one thing already: ${second} is one too many`);
  return { listing: listingOf(kind), name };
}

function isCalled({ kind, aliases }: Listing, word: string): boolean {
  return kind === word || aliases.includes(word);
}

function listingOf(word: string): Listing {
  const found = LISTINGS.find((listing) => isCalled(listing, word));
  if (found !== undefined) return found;
  const known = LISTINGS.map(({ kind }) => kind);
  throw usageError(
    `there is nothing called ${word}${suggestion(word, known)} (there are ${known.join(", ")})`,
  );
}

function requireKnown({ kind, filters }: Listing, flags: ListingFilter): void {
  const given = (["cluster", "domain", "plugin", "state"] as const).filter(
    (name) => flags[name] !== undefined,
  );
  const strange = given.find((name) => !filters.includes(name));
  if (strange !== undefined) throw usageError(`--${strange} has no meaning for ${kind}`);
}
