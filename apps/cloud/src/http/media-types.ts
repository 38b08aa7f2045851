export const PARCELS = "application/vnd.isthmus.parcels";
export const STREAM = "application/vnd.isthmus.stream";
export const BYTES = "application/octet-stream";
export const JSON_TYPE = "application/json";
/** As Fastify names it where it writes JSON itself. */
export const JSON_TEXT = "application/json; charset=utf-8";
export const PROBLEM = "application/problem+json";
