/** Encodes away from the page's own thread. */
import { decodeLatents, type LatentTables } from "@isthmus/codec";
import { type Encoder, type EncoderBundle, loadEncoder, readBundle } from "@isthmus/edge";
import { hex } from "../hex.ts";
import { answerWith } from "../rpc.ts";
import { type ItemShape, shapeOf } from "../shape.ts";
import type { Encoded, EncoderFacts, EncoderMethods } from "./protocol.ts";

let encoder: Encoder | undefined;
let tables: LatentTables | undefined;

async function load(bytes: Uint8Array): Promise<EncoderFacts> {
  const loaded = await loadEncoder(bytes);
  const bundle = readBundle(bytes);
  const { dims, modelId, quality } = bundle;
  encoder = loaded;
  tables = { tables: qualityTables(bundle), dims, modelId, qualities: quality + 1 };
  return {
    ...{ model: hex(modelId), quality, dims, bytes: bytes.length, kernels: loaded.kernels },
    shape: bundleShape(bundle),
    hasUnits: bundle.units !== undefined,
    ranges: Array.from({ length: dims }, (_, i) => {
      const { minimum, frequencies } = bundle.tables[i % bundle.tables.length]!;
      return [minimum, minimum + frequencies.length - 2] as const;
    }),
  };
}

/** A bundle has the tables of its own quality alone; a reader counts qualities from 0. */
function qualityTables({ tables: own, quality }: EncoderBundle): LatentTables["tables"] {
  return Array.from({ length: quality + 1 }, () => own).flat();
}

/** A convolution knows the picture that it looks at; of what goes into a dense layer only the length is known. Units for each number are a table's. */
function bundleShape({ plan, units }: EncoderBundle): ItemShape {
  if (units && units.offsets.length > 1) return { kind: "series", length: plan.input.length };
  const first = plan.calls[0];
  const isPicture = first && "window" in first && first.window.height > 1 && first.window.width > 1;
  if (!isPicture) return shapeOf([plan.input.length]);
  const { height, width, channels } = first.window;
  return shapeOf([height, width, channels]);
}

function encode(samples: Uint8Array | Float64Array): Encoded {
  if (!encoder || !tables) throw new Error("no bundle is loaded");
  const before = performance.now();
  const stream = encoder.encode(samples);
  const milliseconds = performance.now() - before;
  const { symbols, items } = decodeLatents(stream, tables);
  return { stream, symbols, items, milliseconds };
}

answerWith({ load, encode } satisfies EncoderMethods);
