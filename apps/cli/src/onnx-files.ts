import type { OnnxFile } from "@isthmus/onnx";
import { readOnnxFile } from "@isthmus/onnx/node";
import { namingFileAsync } from "./errors.ts";

/** An ONNX file with the data that lie beside it; what is wrong with it is told with its name. */
export function openOnnxFile(path: string): Promise<OnnxFile> {
  return namingFileAsync(path, () => readOnnxFile(path));
}
