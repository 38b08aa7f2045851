import { parseArgs } from "node:util";
import { expected } from "../lib/process.mjs";
import { type PeerName, PEERS } from "./contestants.ts";
import { type Network, NETWORK_NAMES, networks } from "./networks.ts";

export interface BenchOptions {
  readonly suite: "train" | "gemm";
  readonly network: Network;
  readonly batches: readonly number[];
  readonly pairs: number;
  readonly peers: readonly PeerName[];
  readonly json: boolean;
  readonly help: boolean;
  /** Where the results are written; `undefined`: nowhere. */
  readonly out: string | undefined;
}

export const DEFAULT_OUT = "docs/results";
/** Fewer rounds tell little about the median, so they do not replace published figures. */
const PUBLISHED_PAIRS = 15;

export const HELP = `Times one training step of a VAE beside its peers, in turns.

  npm run bench [-- --network dense] [--batches 1,32,128,512] [--pairs 15] [--peers tfjs,torch] [--out DIR] [--json]

  --suite     train (default), or gemm: GFLOP/s of our matrix product, without peers; the other options do not apply
  --network   dense (default): 784-400-20; conv: two convolutions and a dense layer, mirrored
  --batches   batch sizes (default ${networks.dense.batches}; conv: ${networks.conv.batches})
  --pairs     rounds per batch size (default ${PUBLISHED_PAIRS})
  --peers     of ${PEERS.join(", ")}, or none (default ${networks.dense.peers}; conv: ${networks.conv.peers}); tfjs-cpu is slow: batch 128, 3 rounds
  --out       a folder for bench-train[-conv].json, .md and .svg; default ${DEFAULT_OUT} when the batches and peers are
              the default ones and the rounds at least ${PUBLISHED_PAIRS}, else nothing is written
  --json      one JSON object on stdout

Needs nothing installed but Node; a missing peer is a line. PyTorch is Debian's (apt-get install python3-torch
libopenblas0-pthread); the newer Node for the relaxed build comes from the npm registry into the user's cache.

  npm run bench -- --batches 128 --pairs 5 --peers torch
`;

/** @throws an expected error that names the option */
export function benchOptions(args: readonly string[]): BenchOptions {
  const values = parsed(args);
  const suite = (["train", "gemm"] as const).find((name) => name === values.suite);
  if (!suite) throw expected(`--suite expected train or gemm, got ${JSON.stringify(values.suite)}`);
  const name = NETWORK_NAMES.find((one) => one === values.network);
  if (!name) throw expected(`--network expected dense or conv, got ${JSON.stringify(values.network)}`);
  const network = networks[name];
  const { batches: batchesText = network.batches, peers: peersText = network.peers } = values;
  const batches = batchesText.split(",").map((text) => positive("--batches", text));
  const pairs = positive("--pairs", values.pairs);
  const peers = peersText === "none" ? [] : peersText.split(",").map(peer);
  const publishes = batchesText === network.batches && peersText === network.peers && pairs >= PUBLISHED_PAIRS;
  const out = values.out ?? (publishes ? DEFAULT_OUT : undefined);
  return { suite, network, batches, pairs, peers, json: values.json, help: values.help, out };
}

function parsed(args: readonly string[]) {
  const options = {
    suite: { type: "string", default: "train" },
    network: { type: "string", default: "dense" },
    batches: { type: "string" },
    pairs: { type: "string", default: String(PUBLISHED_PAIRS) },
    peers: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw expected((error as Error).message);
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw expected(`${option} expected whole numbers above 0, got ${JSON.stringify(text)}`);
}

function peer(text: string): PeerName {
  const found = PEERS.find((name) => name === text);
  if (found) return found;
  throw expected(`--peers expected some of ${PEERS.join(", ")}, got ${JSON.stringify(text)}`);
}
