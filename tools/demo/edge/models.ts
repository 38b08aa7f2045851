import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isthmus } from "../isthmus.ts";
import { CHANNELS, pumpLines } from "./pump.ts";

/** A model that the service decodes with, and the part of it that a device gets. */
export interface DeviceModel {
  readonly id: string;
  readonly bundleBytes: number;
  readonly modelBytes: number;
}

/** Rows of the pump that are one item. */
export const WINDOW = 64;
/** The pump's past, which its model is trained on; what the demo sends comes behind. */
export const PAST_ROWS = 64_000;

/** Trains the sensor's model: windows of three channels to eight numbers. */
export async function pumpModel(folder: string, models: string): Promise<DeviceModel> {
  const [data, model] = [join(folder, "pump-past.csv"), join(folder, "pump.safetensors")];
  await writeFile(data, `${CHANNELS.join(",")}\n${pumpLines(0, PAST_ROWS)}`);
  const size = { window: WINDOW, stride: 16, hidden: "64", latent: 8, likelihood: "gaussian", epochs: 12, lr: 0.003 };
  await isthmus(["train", "ae"], { data, ...size, out: model });
  return bundled(model, data, models);
}

/** Trains the camera's model: digits of 28 x 28 to 24 numbers. */
export async function digitModel(folder: string, models: string, data: string): Promise<DeviceModel> {
  const model = join(folder, "digits.safetensors");
  const size = { limit: 20_000, epochs: 4, lr: 0.003, hidden: "128", latent: 24 };
  await isthmus(["train", "ae"], { data, ...size, out: model });
  return bundled(model, data, models);
}

async function bundled(model: string, data: string, models: string): Promise<DeviceModel> {
  const bundle = model.replace(/safetensors$/, "isthb");
  const told = await isthmus(["bundle", model, "--int8"], { calibrate: data, items: 500, out: bundle });
  const id = told["modelId"] as string;
  await mkdir(models, { recursive: true });
  for (const file of [model, bundle]) await copyFile(file, join(models, basename(file)));
  return { id, bundleBytes: told["bytes"] as number, modelBytes: (await stat(model)).size };
}
