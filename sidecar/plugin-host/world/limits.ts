// Bounds of what a plugin may hand out, counted in chars. The world applies them so that nothing large is copied to
// the host; the host applies them again, since a plugin may have its way with everything inside its isolate.

/** Everything that one entry hands out. Over it, all of it is lost and what was under way fails. */
export const MAX_OUTPUT = 2 * 1024 * 1024;
/** What `=` stands for in one entry, for all answers that are told by it: each is made and sent in full. */
export const MAX_REPEATED: number = 2 * MAX_OUTPUT;
/** Names and values of an answer together. */
export const MAX_ANSWER_HEADERS = 64 * 1024;
/** Header changes of one answer. */
export const MAX_ANSWER_EDITS = 200;
/** Body of a block. */
export const MAX_ANSWER_BODY = 1024 * 1024;
/** What is kept of an error's text. */
export const MAX_ERROR_TEXT = 2000;

/** Log lines in a second, and chars of one. */
export const MAX_LOG_LINES = 100;
export const MAX_LOG_LINE = 4 * 1024;

/** As many as questions may wait. */
export const MAX_TIMERS = 1000;
/** Milliseconds. */
export const MAX_TIMER_DELAY = 24 * 60 * 60 * 1000;
export const MAX_FETCHES = 16;
/** Method, URL, headers and body of one fetch together. */
export const MAX_FETCH_REQUEST = 256 * 1024;
export const MAX_FETCH_TIMEOUT = 10_000;
/** Of a key in the store. */
export const MAX_KEY = 1024;
/** Of the JSON of one value in the store. */
export const MAX_VALUE = 256 * 1024;
