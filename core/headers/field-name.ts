/** Whether `text[start, end)` is `lowerName` when case is ignored; `lowerName` must be in lower case. */
export function fieldNameEquals(text: string, start: number, end: number, lowerName: string): boolean {
  if (end - start !== lowerName.length) return false;
  for (let i = 0; i < lowerName.length; i++) {
    const char = text.charCodeAt(start + i);
    const lower = char >= 0x41 && char <= 0x5a ? char | 0x20 : char;
    if (lower !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}
