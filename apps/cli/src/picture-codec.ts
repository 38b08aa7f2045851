import { UsageError } from "@isthmus/command-line/node";
import { parseDescription } from "@isthmus/data";
import { loadPicture } from "@isthmus/data/node";
import type { Picture } from "@isthmus/compress";
import type { Model } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { InvalidArgumentError, Option } from "commander";
import { hasByteValues } from "./datasets.ts";
import { encodedShape, takesCodes } from "./model-files.ts";
import { isImageShape } from "@isthmus/plot/png";

/** What is done about pictures that are not as the model's. */
export interface PictureOptions {
  readonly grey?: boolean;
  readonly background?: readonly [number, number, number];
}

export const greyOption = (): Option =>
  new Option("--grey", "pictures: a model of grey ones is given the brightness of those in colour");
export const backgroundOption = (): Option =>
  new Option(
    "--background <colour>",
    "pictures: what those that are not opaque are laid on: white, black or #rrggbb",
  ).argParser(colour);

const COLOURS: Readonly<Record<string, string>> = { white: "#ffffff", black: "#000000" };

function colour(text: string): [number, number, number] {
  const digits = /^#([0-9a-f]{6})$/i.exec(COLOURS[text] ?? text)?.[1];
  if (digits === undefined) throw new InvalidArgumentError("expected white, black or #rrggbb.");
  const bytes = Number.parseInt(digits, 16);
  return [bytes >> 16, (bytes >> 8) & 255, bytes & 255];
}

/** The channels of the pictures that a model takes tiles of, bytes over 255. */
export function pictureChannels(path: string, model: Model): 1 | 3 {
  const shape = encodedShape(model);
  if (takesCodes(model) || !isImageShape(shape)) {
    throw new UsageError(`${path} takes items of shape [${shape.join(", ")}], no pictures; name its data with --data`);
  }
  if (model.data && !hasByteValues(parseDescription(model.data))) {
    throw new UsageError(`${path} was trained on a file of numbers; name one with --data in place of pictures`);
  }
  return shape[2] as 1 | 3;
}

/** A picture as the model's network has its own, values in [0, 1]. */
export async function openPicture(path: string, channels: 1 | 3, options: PictureOptions): Promise<Picture> {
  const { grey: fromColour = false, background } = options;
  try {
    const { shape, values } = await loadPicture(path, { channels, fromColour, ...(background && { background }) });
    const [height, width] = shape as [number, number, number];
    return { height, width, channels, values: Float32Array.from(values, (value) => value / 255) };
  } catch (error) {
    throw withAdvice(error);
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  colour: "the model is of grey pictures; --grey gives it their brightness",
  transparency: "--background white lays it on white",
};

function withAdvice(error: unknown): unknown {
  if (!(error instanceof IsthmusError)) return error;
  const advice = ADVICE[String(error.details["unfit"])];
  return advice === undefined ? error : new UsageError(`${error.message}; ${advice}`, { cause: error });
}
