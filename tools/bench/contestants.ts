import { fileURLToPath } from "node:url";
import { python } from "../lib/probe.mjs";
import { openblasCore, systemBlas } from "./blas.ts";
import { Contestant, type ContestantSpec } from "./contestant.ts";
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
export async function assemble(peers: readonly PeerName[], itemsFile: string): Promise<Field> {
  const contestants: Contestant[] = [];
  const absent: Absence[] = [];
  for (const { label, spec } of [...ours, ...peers.flatMap((peer) => entries[peer])]) {
    try {
      contestants.push(withCore(await Contestant.start(await spec(), itemsFile)));
    } catch (error) {
      absent.push({ label, reason: (error as Error).message });
    }
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

const ours: readonly Entry[] = [1, 2].flatMap((threads) => [
  isthmus("simd128", "SIMD128", threads),
  isthmus("relaxed", "relaxed SIMD", threads),
]);

function isthmus(build: string, name: string, threads: number): Entry {
  const more = threads > 1 ? `, ${threads} threads` : "";
  const label = `Isthmus, ${name}${more}`;
  return {
    label,
    spec: async () => ({
      id: `isthmus-${build}${threads > 1 ? `-${threads}` : ""}`,
      label,
      side: "ours",
      command: build === "relaxed" ? await newerNode() : process.execPath,
      args: script("contestant-isthmus.ts", build, String(threads)),
      ...(threads > 1 && { beside: `isthmus-${build}` }),
    }),
  };
}

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
