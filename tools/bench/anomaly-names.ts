/** File names in the folder that everyone works on. */
export const ANOMALY_FILES = {
  /** Windows as the network sees them, f32 [items, 640]. */
  items: "windows.f32",
  /** The same in dB, as a device is given them. */
  samples: "samples.f32",
  /** Kernels and biases of the encoder's layers, one after the other. */
  weights: "anomaly.f32",
  /** Widths and offsets of bins, f32 [2, 8]. */
  bins: "bins.f32",
  /** `@isthmus/edge` as a bundler leaves it. */
  runtime: "edge.mjs",
  int8: "int8.isthb",
  float: "float.isthb",
  onnx: "anomaly.onnx",
  onnxInt8: "anomaly-int8.onnx",
} as const;

/** The encoder's layers and how many numbers go in and come out. */
export const ANOMALY_LAYERS = [
  ["encoder.dense0", 640, 128],
  ["encoder.dense1", 128, 128],
  ["encoder.dense2", 128, 128],
  ["encoder.dense3", 128, 128],
  ["encoder.z", 128, 8],
] as const;
