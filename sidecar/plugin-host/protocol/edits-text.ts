import { NO_EDITS, type HeaderEdit, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import { refusedEdit } from "../../../core/headers/header-rules.ts";
import { field, FieldError, FieldReader } from "../world/fields.ts";
import { MAX_ANSWER_EDITS, MAX_ANSWER_HEADERS } from "../world/limits.ts";

// Header changes cross isolates and the link as the text that came out of a plugin's isolate: nobody on the way takes
// it apart but to check it.

/** The header changes of one answer, and what is wrong with them by the rules for every runtime. */
export interface AnswerEdits {
  /** As `editsText` makes it. One behind the other, texts say what all of them say: of a name the last counts. */
  readonly text: string;
  readonly edits: HeaderEdits;
  /** For the author of the plugin. */
  readonly refused: string | undefined;
}

export const NO_ANSWER_EDITS: AnswerEdits = { text: "", edits: NO_EDITS, refused: undefined };

/** Texts that are remembered, and how long one may be. */
const MOST_REMEMBERED = 64;
const LONGEST_REMEMBERED = 256;

/**
 * Reads the edits of one plugin's answers. Most plugins say the same few things again and again: the first ones are
 * read and checked once. Nothing is ever forgotten for another, since a table that is always filled and emptied costs
 * the garbage collector more than reading does.
 */
export class AnswerEditsReader {
  readonly #known = new Map<string, AnswerEdits>();

  read(text: string): AnswerEdits {
    if (text === "") return NO_ANSWER_EDITS;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_REMEMBERED || text.length > LONGEST_REMEMBERED) return checked(text);
    const own = detached(text);
    const read = checked(own);
    this.#known.set(own, read);
    return read;
  }
}

/**
 * Puts texts of edits one behind the other. The same two come again and again, and then what is made of them is the same
 * string, which is told from others at a glance.
 */
export class JoinedEdits {
  #earlier = "";
  #later = "";
  #joined = "";

  of(earlier: string, later: string): string {
    if (earlier !== this.#earlier || later !== this.#later) {
      this.#earlier = earlier;
      this.#later = later;
      this.#joined = earlier + later;
    }
    return this.#joined;
  }
}

function checked(text: string): AnswerEdits {
  try {
    const edits = readEdits(text);
    return { text, edits, refused: refusedEdit(edits)?.message };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return { ...NO_ANSWER_EDITS, refused: `header changes that cannot be read: ${error.message}` };
  }
}

/** Name, then the values as fields of their own, for each. */
export function editsText(edits: HeaderEdits): string {
  let text = "";
  for (const { name, values } of edits) {
    let fields = "";
    for (const value of values) fields += field(value);
    text += field(name) + field(fields);
  }
  return text;
}

/** The last one wins where a name is there twice, as `HeaderEdits` wants it. Throws a `FieldError`. */
export function readEdits(text: string): HeaderEdits {
  if (text === "") return NO_EDITS;
  if (text.length > MAX_ANSWER_HEADERS) throw new FieldError("too many chars of headers");
  const reader = new FieldReader(text);
  const byName = new Map<string, HeaderEdit>();
  // Counted with repetitions: what a plugin writes here is read on everybody's time.
  for (let count = 1; reader.more; count++) {
    if (count > MAX_ANSWER_EDITS) throw new FieldError("too many headers");
    const edit = { name: reader.text(), values: readValues(reader.text()) };
    byName.set(edit.name.toLowerCase(), edit);
  }
  return [...byName.values()];
}

function readValues(text: string): readonly string[] {
  const reader = new FieldReader(text);
  const values: string[] = [];
  while (reader.more) values.push(reader.text());
  return values;
}

/** A copy: V8 would keep all of the output that the text was cut from. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
