/** Peers by the name that `--peers` takes. */
export const PEERS = ["tfjs", "tfjs-cpu", "jax-js", "torch", "ort"] as const;
export type PeerName = (typeof PEERS)[number];
