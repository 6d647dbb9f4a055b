/** `KIND/NAME`, as `-o name` prints it, in its parts; a word without a kind is a name alone. */
export function kindAndName(word: string): { readonly kind: string | undefined; readonly name: string } {
  // Names of people's own making have no slash, keys of alarms have some: the first one counts.
  const [, kind, name] = /^([a-z-]+)\/(.+)$/s.exec(word) ?? [];
  return kind === undefined || name === undefined ? { kind: undefined, name: word } : { kind, name };
}

/** The argument of a command that takes things of one kind: NAME, or KIND/NAME. */
export function nameOf(kind: string): (word: string) => string {
  return (word) => {
    const parts = kindAndName(word);
    return parts.kind === kind ? parts.name : word;
  };
}
