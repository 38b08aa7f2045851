export const PARCELS = "application/vnd.isthmus.parcels";
export const STREAM = "application/vnd.isthmus.stream";
export const BYTES = "application/octet-stream";
export const JSON_TYPE = "application/json";
export const PROBLEM = "application/problem+json";
