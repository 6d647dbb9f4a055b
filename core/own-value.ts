/**
 * What a record holds under a name that somebody else chose. Not what every object has besides: the environment, too,
 * answers to `constructor`.
 */
export function ownValue<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
