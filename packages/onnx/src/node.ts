export { readOnnxFile } from "./node/read-onnx-file.ts";
export type { ReadOnnxOptions } from "./node/read-onnx-file.ts";
export { writeOnnxFile } from "./node/write-onnx-file.ts";
export type { WriteOnnxOptions, WriteProgress, WrittenOnnx } from "./node/write-onnx-file.ts";
