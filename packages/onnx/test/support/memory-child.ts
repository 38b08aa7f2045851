/**
 * A process that holds a model of about 200 MiB and writes it in one way: node --expose-gc memory-child.ts KIND WAY FOLDER. Prints as JSON the most
 * memory that it ever had resident and the model's size, in bytes.
 */
import { batchNorm, conv2d, dense, elementCount, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { draftOnnx, exportOnnx, type Parameters } from "../../src/index.ts";
import { writeOnnxFile } from "../../src/node.ts";

const LAYERS = 8;

type Layer = (build: GraphBuilder, x: Node, name: string) => Node;

/** How a model is made; `width` numbers in and out of each layer. */
const kinds: Readonly<
  Record<string, { readonly shape: (width: number) => number[]; readonly layer: Layer; readonly width: number }>
> = {
  /** Weights of 25 MiB, which are turned. */
  dense: {
    shape: (width) => [width],
    width: 2560,
    layer: (build, x, name) => dense(build, x, { name, units: x.shape[1] as number, activation: "relu" }),
  },
  /** The same, with batch normalisation to become part of them. */
  normalised: {
    shape: (width) => [width],
    width: 2560,
    layer: (build, x, name) => {
      const product = dense(build, x, { name, units: x.shape[1] as number });
      return build.relu(batchNorm(build, product, { name: `${name}.norm`, training: false }).y);
    },
  },
  /** Filters of 27 MiB, whose axes change places. */
  convolutional: {
    shape: (width) => [4, 4, width],
    width: 880,
    layer: (build, x, name) =>
      conv2d(build, x, { name, filters: x.shape[3] as number, window: 3, padding: "same", activation: "relu" }),
  },
};

function programOf(kind: string, width: number): Program {
  const { shape, layer } = kinds[kind]!;
  const build = new GraphBuilder();
  let y = build.input("x", ["batch", ...shape(width)]);
  for (let i = 0; i < LAYERS; i++) y = layer(build, y, `layer${i}`);
  return build.program({ outputs: { y } });
}

/**
 * The same tensor, before whose numbers are first given out garbage is collected: what is then resident is what is still held, not what
 * the collector has yet to come for, which depends on how busy the machine is.
 */
function collectedBefore(tensor: Parameters[string]): Parameters[string] {
  let collected = false;
  return {
    shape: tensor.shape,
    get data() {
      if (!collected) gc!();
      collected = true;
      return tensor.data;
    },
  };
}

/** Numbers from 0.5 to 1.5: they would do as variances. */
function parametersOf({ state }: Program): Parameters {
  const tensors = Object.entries(state).map(([name, { shape }]) => {
    const data = new Float32Array(elementCount(shape));
    for (let i = 0; i < data.length; i++) data[i] = 0.5 + (i % 251) / 250;
    return [name, collectedBefore({ shape, data })] as const;
  });
  return Object.fromEntries(tensors);
}

type Way = (program: Program, parameters: Parameters, path: string) => Promise<unknown>;

const options = { graphName: "g" };

const ways: Readonly<Record<string, Way>> = {
  hold: async () => {},
  bytes: async (program, parameters) => exportOnnx(program, parameters, options).length,
  file: (program, parameters, path) => writeOnnxFile(path, draftOnnx(program, parameters, options)),
  "two files": (program, parameters, path) =>
    writeOnnxFile(path, draftOnnx(program, parameters, options), { externalData: "always" }),
  "a file of halves": (program, parameters, path) =>
    writeOnnxFile(path, draftOnnx(program, parameters, { ...options, precision: "float16" })),
  "a file of bytes": (program, parameters, path) =>
    writeOnnxFile(path, draftOnnx(program, parameters, { ...options, precision: "int8-weights" })),
};

const [kind, way, folder] = process.argv.slice(2) as [string, string, string];
/** Code is loaded and compiled on a small model, in every process alike. */
for (const warm of Object.values(ways)) {
  const small = programOf(kind, 16);
  await warm(small, parametersOf(small), join(folder, "small.onnx"));
}
const program = programOf(kind, kinds[kind]!.width);
const parameters = parametersOf(program);
const model = Object.values(parameters).reduce((sum, { data }) => sum + data.byteLength, 0);
const largest = Math.max(...Object.values(parameters).map(({ data }) => data.byteLength));
await ways[way]!(program, parameters, join(folder, `${kind}.onnx`));
const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(JSON.stringify({ peak: Number(peak) * 1024, model, largest }));
