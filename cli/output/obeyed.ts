/**
 * What a terminal would obey or hide, as the inside of a character class of flag `v`: controls, marks that turn the
 * direction of writing, ends of lines, and what is not seen at all, by which two texts would look the same.
 */
export const OBEYED =
  "\\p{Cc}\\p{Bidi_Control}\\p{Default_Ignorable_Code_Point}\\p{Zl}\\p{Zp}\\u{fff9}-\\u{fffb}";
