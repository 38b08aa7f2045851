import { fileURLToPath } from "node:url";
import { python } from "../lib/probe.mjs";
import { openblasCore, systemBlas } from "./blas.ts";
import { Contestant, type ContestantSpec } from "./contestant.ts";
import type { Network } from "./networks.ts";
import { newerNode } from "./newer-node.ts";

/** Peers by the name that `--peers` takes. */
export const PEERS = ["tfjs", "torch", "tfjs-cpu"] as const;
export type PeerName = (typeof PEERS)[number];

/** Someone who could not take part, and why. */
export interface Absence {
  readonly label: string;
  readonly reason: string;
}

export interface Field {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absence[];
}

interface Entry {
  readonly label: string;
  /** @throws Error when it cannot be had */
  readonly spec: () => Promise<ContestantSpec> | ContestantSpec;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts us and the peers; who cannot start is absent with a reason, which is no failure. */
export async function assemble(network: Network, peers: readonly PeerName[], itemsFile: string): Promise<Field> {
  const contestants: Contestant[] = [];
  const absent: Absence[] = [];
  const able = peers.filter((peer) => !(peer in network.unable));
  for (const { label, spec } of [...ours, ...able.flatMap((peer) => entries[peer])]) {
    try {
      contestants.push(withCore(await Contestant.start(await spec(), network.name, itemsFile)));
    } catch (error) {
      absent.push({ label, reason: (error as Error).message });
    }
  }
  for (const peer of peers.filter((peer) => peer in network.unable)) {
    absent.push({ label: peer, reason: network.unable[peer]! });
  }
  return { contestants, absent };
}

function withCore(contestant: Contestant): Contestant {
  const core = openblasCore(contestant.chatter);
  if (core) contestant.facts = { ...contestant.facts, openblasCore: core };
  return contestant;
}

const script = (name: string, ...args: string[]): string[] => [
  "--import",
  import.meta.resolve("tsx"),
  "--conditions=@isthmus/source",
  here(name),
  ...args,
];

const ours: readonly Entry[] = [
  {
    label: "Isthmus, SIMD128",
    spec: () => ({
      id: "isthmus-simd128",
      label: "Isthmus, SIMD128",
      side: "ours",
      command: process.execPath,
      args: script("contestant-isthmus.ts", "simd128"),
    }),
  },
  {
    label: "Isthmus, relaxed SIMD",
    spec: async () => ({
      id: "isthmus-relaxed",
      label: "Isthmus, relaxed SIMD",
      side: "ours",
      command: await newerNode(),
      args: script("contestant-isthmus.ts", "relaxed"),
    }),
  },
];

const entries: Readonly<Record<PeerName, readonly Entry[]>> = {
  tfjs: [tfjs("tfjs-wasm", "TensorFlow.js, wasm", "wasm")],
  "tfjs-cpu": [{ ...tfjs("tfjs-cpu", "TensorFlow.js, cpu", "cpu", { onlyBatches: [128], mostRounds: 3 }) }],
  torch: [torch(1), torch(2)],
};

function tfjs(id: string, label: string, backend: string, limits: Partial<ContestantSpec> = {}): Entry {
  const args = script("contestant-tfjs.ts", backend);
  return { label, spec: () => ({ id, label, side: "peer", command: process.execPath, args, ...limits }) };
}

/** PyTorch on exactly so many threads: OpenBLAS has its own pool, which does not listen to PyTorch's setting. */
function torch(threads: number): Entry {
  const label = `PyTorch eager, ${threads} thread${threads > 1 ? "s" : ""}`;
  return {
    label,
    spec: () => {
      const blas = systemBlas();
      if ("refused" in blas) throw new Error(blas.refused);
      const count = String(threads);
      return {
        id: `torch-${threads}`,
        label,
        side: "peer",
        command: python,
        args: [here("contestant_torch.py"), count],
        env: { OPENBLAS_NUM_THREADS: count, OMP_NUM_THREADS: count, OPENBLAS_VERBOSE: "2" },
        facts: { blas: blas.name },
      };
    },
  };
}
