// usage: contestant-edge.ts <who> <folder>
import { ANOMALY_FILES } from "./anomaly-names.ts";
import { coldStart } from "./cold-start.ts";
import { type EdgeContestant, edgeContestant, type EdgeName } from "./edge-contestant.ts";
import { readFloats } from "./floats.ts";
import { magnitude, type Prepared, serve } from "./serve.ts";
import { EDGE_WORK } from "./suites/edge-work.ts";

const [who, folder] = process.argv.slice(2) as [EdgeName, string];
const contestant = await edgeContestant(who, folder);

/** Windows, round and round. */
function windows(file: string): () => Float32Array {
  const all = readFloats(folder, file);
  let at = 0;
  return () => {
    const window = all.subarray(at, at + 640);
    at = (at + 640) % all.length;
    return window;
  };
}

async function network({ openNetwork }: EdgeContestant): Promise<Prepared> {
  const { run, codes } = await openNetwork();
  const next = windows(ANOMALY_FILES.items);
  let outputs: ArrayLike<number> | Promise<ArrayLike<number>> = [];
  return {
    run: async (steps) => {
      for (let i = 0; i < steps; i++) {
        outputs = run(next());
        if (outputs instanceof Promise) outputs = await outputs;
      }
    },
    value: async () => magnitude(codes(await outputs)),
  };
}

async function encoding({ openEncoder }: EdgeContestant): Promise<Prepared> {
  if (!openEncoder) throw new Error("it makes no frames");
  const { encode } = await openEncoder();
  const next = windows(ANOMALY_FILES.samples);
  let length = 0;
  return {
    run: (steps) => {
      for (let i = 0; i < steps; i++) length = encode(next());
    },
    value: () => length,
  };
}

function starting(): Prepared {
  return {
    run: async (steps) => {
      let spent = 0;
      for (let i = 0; i < steps; i++) spent += await coldStart(who, folder);
      return spent;
    },
    value: () => 1,
  };
}

await serve(contestant.facts, ({ work }) => {
  if (work === EDGE_WORK.start) return starting();
  return work === EDGE_WORK.encode ? encoding(contestant) : network(contestant);
});
