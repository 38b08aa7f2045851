import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Encoder, type Executor, javascriptEncoder, javascriptExecutor, readBundle } from "@isthmus/edge";
import { isthmusQuietly } from "../services/programs.ts";
import { CHANNELS, csvLines, samplesOf, WINDOW } from "./samples.ts";

/** A device of none of the run; what it measures is trained on. */
const TRAINING_DEVICE = 999;
const TRAINING_ROWS = 16_000;

/** What devices encode with and the service decodes with, and what must come of it: in plain JavaScript, where devices take WebAssembly. */
export class Codec {
  readonly modelPath: string;
  readonly modelId: string;
  readonly bundlePath: string;
  readonly #bundle: ReturnType<typeof readBundle>;
  readonly #encoder: Encoder;
  readonly #executor: Executor;

  /** Trains a small model on what such devices measure, and bundles its encoder, in a folder. */
  static async make(folder: string): Promise<Codec> {
    const at = (name: string): string => join(folder, name);
    const [data, model, bundle] = [at("training.csv"), at("model.safetensors"), at("encoder.isthb")];
    await writeFile(data, `${CHANNELS.join(",")}\n${csvLines(TRAINING_DEVICE, 0, TRAINING_ROWS)}`);
    const sizes = ["--window", String(WINDOW), "--hidden", "24", "--latent", "6", "--likelihood", "gaussian"];
    await isthmusQuietly("train", "ae", "--data", data, ...sizes, "--epochs", "40", "--lr", "0.003", "-o", model);
    await isthmusQuietly("bundle", model, "--int8", "--calibrate", data, "-o", bundle);
    return new Codec(model, bundle, new Uint8Array(await readFile(bundle)));
  }

  private constructor(modelPath: string, bundlePath: string, bytes: Uint8Array) {
    this.modelPath = modelPath;
    this.bundlePath = bundlePath;
    this.#bundle = readBundle(bytes);
    this.#encoder = javascriptEncoder(bytes);
    this.#executor = javascriptExecutor(this.#bundle.plan);
    this.modelId = Buffer.from(this.#bundle.modelId).toString("hex");
  }

  /** The stream of a device's `item`-th frame. */
  stream(device: number, item: number): Uint8Array {
    return this.#encoder.encode(samplesOf(device, item));
  }

  /** The integers of the same item before they are coded. */
  symbols(device: number, item: number): Int32Array {
    const { offsets, scales } = this.#bundle.units!;
    const network = Float32Array.from(samplesOf(device, item), (x, i) => (x - offsets[i]!) / scales[i]!);
    return this.#executor.run(network);
  }
}
