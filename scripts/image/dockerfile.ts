/** One line of a Dockerfile, continued lines joined: `COPY`, and what follows it. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of one `FROM`, with the name by which later stages copy from it. */
export interface Stage {
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** What the runner of the steps understands; another instruction is an error and not skipped. */
const KNOWN = ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"];

/** The stages of a Dockerfile, in order. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { name: string; instructions: Instruction[] }[] = [];
  for (const { name, rest } of instructionsOf(text)) {
    if (!KNOWN.includes(name)) throw new Error(`${name} is not understood here`);
    if (name === "FROM") {
      const alias = /\sAS\s+(\S+)$/i.exec(rest)?.[1];
      stages.push({ name: alias ?? String(stages.length), instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ name, rest });
    }
  }
  return stages;
}

function instructionsOf(text: string): readonly Instruction[] {
  return text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const space = line.indexOf(" ");
      return { name: line.slice(0, space).toUpperCase(), rest: line.slice(space + 1).trim() };
    });
}

/** What a COPY does: `stage` undefined means the build's context. */
export interface Copy {
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function parseCopy(rest: string): Copy {
  const words = rest.split(/\s+/);
  const [, stage] = /^--from=(\S+)$/.exec(words[0] ?? "") ?? [];
  const paths = stage === undefined ? words : words.slice(1);
  return { stage, sources: paths.slice(0, -1), target: paths.at(-1) ?? "." };
}

/** The words of an ENTRYPOINT, or of a HEALTHCHECK's CMD. */
export function parseCommand(rest: string): readonly string[] {
  return JSON.parse(rest.slice(rest.indexOf("["))) as readonly string[];
}
