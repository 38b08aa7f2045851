import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fitCoding, inferLatents, openNetwork } from "@isthmus/compress";
import { batches, take } from "@isthmus/data";
import { bundleFloatEncoder } from "@isthmus/deploy";
import { initialise, type Model, type ModelData } from "@isthmus/graph";
import { calibrate, exportOnnx, reducePrecision } from "@isthmus/onnx";
import { toModel } from "@isthmus/train";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { bundled } from "../lib/bundled.ts";
import { int8Bundle, machineData, type MachineData } from "../reproduce/anomaly-detector.ts";
import { foldedAutoencoder } from "../reproduce/anomaly-network.ts";
import { joined } from "../reproduce/harness/training.ts";
import { ANOMALY_FILES, ANOMALY_LAYERS } from "./anomaly-names.ts";
import type { WorkData } from "./work-folder.ts";

/** Machines and recordings, all healthy; of 4 s each has 120 windows. */
const COUNTS = {
  ...{ machines: 4, seconds: 4, train: 4 },
  validation: { healthy: 0, ofEachFault: 0 },
  test: { healthy: 2, ofEachFault: 0 },
};

/** The encoder of MLPerf Tiny's shape, with fresh weights: neither a product nor a rounding takes longer for another number. */
export async function writeAnomalyEncoder(folder: string): Promise<WorkData> {
  const engine = await createWasmEngine({ build: "simd128" });
  try {
    const data = machineData(COUNTS);
    const model = await freshModel(engine, data);
    const network = await writeWork(folder, data);
    const files = {
      ...(await weightFiles(engine, model, data)),
      [ANOMALY_FILES.runtime]: await bundled('export { loadEncoder, loadExecutor, readBundle } from "@isthmus/edge";'),
      [ANOMALY_FILES.float]: bundleFloatEncoder(model),
      [ANOMALY_FILES.int8]: await int8Bundle({ engine }, model, data.train),
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    return network;
  } finally {
    engine.dispose();
  }
}

async function freshModel(engine: WasmEngine, { train, description }: MachineData): Promise<Model> {
  const definition = foldedAutoencoder();
  // Kernels as wide as rectified layers want them (He et al. 2015): the fresh ones' codes would hardly depend on the window.
  const drawn = Object.entries(initialise(definition.parameters, 1)).map(([name, values]) => {
    const data = name.endsWith(".kernel") ? values.map((value) => value * Math.sqrt(6)) : values;
    return [name, { shape: definition.parameters[name]!.shape, data }] as const;
  });
  const parameters = Object.fromEntries(drawn);
  const codes = await inferLatents(engine, { ...definition, parameters }, batches(train, { batchSize: 256 }));
  const notes = { provenance: {}, metrics: {}, coding: fitCoding(codes), data: description as unknown as ModelData };
  return toModel(definition, { parameters }, notes);
}

async function writeWork(folder: string, { test, description }: MachineData): Promise<WorkData> {
  const samples = joined(...test.map(({ windows }) => windows));
  const { offset, scale } = description.item;
  await writeFile(join(folder, ANOMALY_FILES.samples), samples);
  await writeFile(
    join(folder, ANOMALY_FILES.items),
    samples.map((x) => (x - offset) / scale),
  );
  return { name: "windows of machine sounds, 5 frames of 128 log-mel bands", items: samples.length / 640 };
}

async function weightFiles(
  engine: WasmEngine,
  model: Model,
  { train }: MachineData,
): Promise<Record<string, Uint8Array | Float32Array>> {
  const { encoder, parameters, coding } = model;
  const onnx = exportOnnx(encoder, parameters, { graphName: "encoder" });
  const feeds = function* () {
    for (const { values } of batches(take(train, 0, 1000), { batchSize: 250 })) yield { x: values };
  };
  const ranges = await calibrate(onnx, {
    batches: feeds(),
    open: (program, weights) => openNetwork(engine, program, weights),
  });
  const weights = ANOMALY_LAYERS.flatMap(([name]) => [`${name}.kernel`, `${name}.bias`]);
  return {
    [ANOMALY_FILES.weights]: joined(...weights.map((name) => parameters[name]!.data as Float32Array)),
    [ANOMALY_FILES.bins]: joined(coding!.steps, coding!.offsets),
    [ANOMALY_FILES.onnx]: onnx,
    [ANOMALY_FILES.onnxInt8]: reducePrecision(onnx, { precision: "int8", ranges }),
  };
}
