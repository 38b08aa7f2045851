import { edge as edgeEntry } from "../entries.ts";
import type { Suite } from "../suite.ts";
import { EDGE_WORK } from "./edge-work.ts";

/** Codes of float32 and int8, magnitudes of 8 numbers of a standard deviation or so. */
const APART = 0.1;

export const edge: Suite = {
  name: "edge",
  title: "Encoding on a device",
  intro:
    "The encoder of MLPerf Tiny's anomaly detection, 640-128-128-128-128-8 with ReLU, one window of 5 frames of 128 log-mel bands at a time, one thread, fresh weights. " +
    `${EDGE_WORK.encode}: \`encodeInto\` of \`@isthmus/edge\`, from dB to the bytes of an \`.isth\` frame. ${EDGE_WORK.network}: from standardised floats to the eight outputs as an array of the language, ` +
    "everyone called as a user calls them; onnxruntime-node runs the ONNX file that we export, in float32 and with int8 between QuantizeLinear and DequantizeLinear. " +
    `${EDGE_WORK.start}: from the model's bytes in memory to the first frame, of peers the first outputs, in a fresh process that has loaded the code and nothing else.`,
  unit: { name: "µs", better: "less", of: (_, ms) => 1e3 * ms },
  cases: [
    { work: EDGE_WORK.encode, check: { kind: "same", apart: 0.2 } },
    { work: EDGE_WORK.network, check: { kind: "same", apart: APART } },
    { work: EDGE_WORK.start, check: { kind: "elsewhere", in: EDGE_WORK.network }, steps: 1 },
  ],
  ours: [edgeEntry("isthmus-int8", "Isthmus, int8", "ours"), edgeEntry("isthmus-float", "Isthmus, float32", "ours")],
  peers: {
    ort: [
      edgeEntry("ort", "onnxruntime-node, float32", "peer"),
      edgeEntry("ort-int8", "onnxruntime-node, int8", "peer"),
    ],
    tfjs: [edgeEntry("tfjs", "TensorFlow.js, wasm", "peer")],
  },
  usual: ["ort", "tfjs"],
  targets: [],
  timeTargets: [
    { ours: "isthmus-int8", work: EDGE_WORK.encode, atMostMs: 0.03 },
    { ours: "isthmus-float", work: EDGE_WORK.encode, atMostMs: 0.06 },
    { ours: "isthmus-int8", work: EDGE_WORK.start, atMostMs: 5 },
    { ours: "isthmus-float", work: EDGE_WORK.start, atMostMs: 5 },
  ],
  // Shorter than elsewhere: after the silence before each, they come through between the work of others.
  measurement: 20,
  work: async (folder) => (await import("../anomaly-files.ts")).writeAnomalyEncoder(folder),
  sizes: async (folder, peers) => (await import("../edge-sizes.ts")).edgeSizes(folder, peers),
};
