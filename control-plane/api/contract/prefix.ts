/** In front of every path of the table. */
export const API_PREFIX = "/api/v1";
