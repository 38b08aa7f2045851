/** What is done in the suite of devices, by its name in results. */
export const EDGE_WORK = {
  encode: "samples to a frame",
  network: "network alone",
  start: "cold start",
} as const;
