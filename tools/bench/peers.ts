/** Peers by the name that `--peers` takes. */
export const PEERS = ["tfjs", "tfjs-cpu", "jax-js", "torch", "ort", "thi.ng"] as const;
export type PeerName = (typeof PEERS)[number];
