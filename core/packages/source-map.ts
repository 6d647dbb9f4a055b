/** Begins the last line of a bundled script, which says where each of its places came from (ECMA-426). */
export const SOURCE_MAP_COMMENT = "//# sourceMappingURL=data:application/json;base64,";

/** Chars of the longest such line: longer ones are not made, and not read. */
export const MAX_SOURCE_MAP: number = 512 * 1024;
