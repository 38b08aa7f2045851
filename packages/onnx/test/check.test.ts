import { IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { encodeModel } from "../src/encode.ts";
import { checkOnnx, describeOnnx, exportModelPart } from "../src/index.ts";
import type { OnnxGraph, OnnxModel, OnnxNode } from "../src/messages.ts";
import { denseModel, sizes } from "./support/models.ts";

const bytes = exportModelPart(denseModel(sizes["odd"]!), "decoder", { producerVersion: "0.0.0" });
const sound = decodeModel(bytes);
const { graph } = sound;
const [gemm, relu, ...rest] = graph.nodes as [OnnxNode, OnnxNode, ...OnnxNode[]];

test("encode after decode is the identity", () => {
  expect(encodeModel(sound)).toEqual(bytes);
});

const inGraph = (change: Partial<OnnxGraph>): Partial<OnnxModel> => ({ graph: { ...graph, ...change } });
const withRelu = (change: Partial<OnnxNode>) => inGraph({ nodes: [gemm, { ...relu, ...change }, ...rest] });
const withBias = (change: object) => {
  const [kernel, bias, ...others] = graph.initialisers;
  return inGraph({ initialisers: [kernel!, { ...bias!, ...change }, ...others] });
};

const declared = (change: object) =>
  inGraph({ valueInfo: [{ ...graph.valueInfo[0]!, ...change }, ...graph.valueInfo.slice(1)] });

/** What is broken -> the model and what the message must name. */
const defects: Record<string, readonly [Partial<OnnxModel>, RegExp]> = {
  "another operator set": [{ operatorSets: [{ domain: "", version: 22 }] }, /13 to 21.*22/],
  "an IR version that is not there yet": [{ irVersion: 99 }, /IR version 99/],
  "no operator set": [{ operatorSets: [{ domain: "com.example", version: 1 }] }, /com\.example 1/],
  "an IR version of another time": [{ irVersion: 7 }, /17 with IR version 7, which needs 8 to/],
  "no graph name": [inGraph({ name: "" }), /graph has no name/],
  "nodes out of order": [inGraph({ nodes: [relu, gemm, ...rest] }), /decoder\/dense0\/relu/],
  "a missing input": [withRelu({ inputs: ["nowhere"] }), /decoder\/dense0\/relu.*nowhere/],
  "a node that reads itself": [withRelu({ inputs: [relu.outputs[0]!] }), /decoder\/dense0\/relu/],
  "an unknown operator": [withRelu({ opType: "Rleu" }), /Rleu/],
  "an operator named like a method of objects": [withRelu({ opType: "toString" }), /toString/],
  "an operator of somebody else's": [withRelu({ domain: "com.example" }), /decoder\/dense0\/relu/],
  "too many inputs": [withRelu({ inputs: ["z", "z"] }), /decoder\/dense0\/relu.*2 inputs/],
  "two outputs": [withRelu({ outputs: [...relu.outputs, "more"] }), /decoder\/dense0\/relu.*2 outputs/],
  "an unknown attribute": [withRelu({ attributes: { alpha: { type: "float", value: 1 } } }), /alpha/],
  "an attribute of the wrong type": [
    inGraph({
      nodes: [{ ...gemm, attributes: { ...gemm.attributes, transB: { type: "float", value: 1 } } }, relu, ...rest],
    }),
    /decoder\/dense0.*transB/,
  ],
  "a missing attribute": [withRelu({ opType: "Concat" }), /decoder\/dense0\/relu.*lacks.*axis/],
  "a node name used twice": [withRelu({ name: gemm.name }), /decoder\/dense0/],
  "an unknown operator without a name": [
    withRelu({ name: "", opType: "Rleu" }),
    /making "decoder\/dense0\/relu" \(Rleu\)/,
  ],
  "a value made twice": [withRelu({ outputs: ["z"] }), /decoder\/dense0\/relu.*"z"/],
  "an initialiser that is an input as well": [withBias({ name: "z" }), /"z"/],
  "an initialiser that is too short": [withBias({ data: new Uint8Array(24) }), /decoder\.dense0\.bias/],
  "an initialiser with negative sizes": [withBias({ dims: [-7, -1] }), /decoder\.dense0\.bias/],
  "an initialiser of an unknown type": [withBias({ elementType: 99 }), /decoder\.dense0\.bias.*99/],
  "an output that nothing makes": [inGraph({ outputs: [{ ...graph.outputs[0]!, name: "gone" }] }), /gone/],
  "no output": [inGraph({ outputs: [], valueInfo: [...graph.valueInfo, ...graph.outputs] }), /no output/],
  "a value declared twice": [inGraph({ valueInfo: [...graph.valueInfo, graph.valueInfo[0]!] }), /declared twice/],
  "a value of another rank": [declared({ shape: [null] }), /decoder\/dense0".*\[\?\], but is float32 \[batch, 7\]/],
  "a value of another size": [declared({ shape: ["batch", 8] }), /decoder\/dense0".*\[batch, 8\], but is.*7/],
  "a value of another type": [declared({ elementType: 10 }), /decoder\/dense0".*float16.*but is float32/],
  "a fixed size where the caller decides": [declared({ shape: [3, 7] }), /decoder\/dense0".*\[3, 7\], but is.*batch/],
  "a size of the caller's where it is fixed": [declared({ shape: ["batch", "batch"] }), /decoder\/dense0"/],
  "a value of no type": [declared({ elementType: 0 }), /decoder\/dense0".*type 0/],
  "a negative size": [declared({ shape: ["batch", -7] }), /decoder\/dense0".*-7/],
  "an output of another shape": [
    inGraph({ outputs: graph.outputs.map((output) => ({ ...output, shape: ["batch", 12] })) }),
    /logits".*12.*11/,
  ],
  "an input of another size": [
    inGraph({ inputs: [{ ...graph.inputs[0]!, shape: ["batch", 4] }] }),
    /decoder\/dense0.*4 columns meet 3 rows/,
  ],
  "an input of another type": [
    inGraph({ inputs: [{ ...graph.inputs[0]!, elementType: 7 }] }),
    /decoder\/dense0.*int64/,
  ],
  "a bias that does not fit": [
    withBias({ dims: [4], data: new Uint8Array(16) }),
    /decoder\/dense0.*\[4\].*\[batch, 7\]/,
  ],
  "a bias of another type": [withBias({ elementType: 6 }), /decoder\/dense0.*float32 and int32/],
};

describe("checkOnnx finds and names", () => {
  test("nothing in a sound file", () => {
    expect(() => checkOnnx(bytes)).not.toThrow();
  });
  test.each(Object.entries(defects))("%s", (_, [change, message]) => {
    const broken = encodeModel({ ...sound, ...change });
    expect(() => checkOnnx(broken)).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

/** Whether both readers come back, with an answer or with ONNX_INVALID and nothing else. */
function survives(hostile: Uint8Array): boolean {
  return [checkOnnx, describeOnnx].every((read) => {
    try {
      read(hostile);
      return true;
    } catch (error) {
      return error instanceof IsthmusError && error.code === "ONNX_INVALID";
    }
  });
}

test("sizes whose product is no number of bytes are not described", () => {
  const dims = [2 ** 40, 2 ** 40];
  const broken = encodeModel({ ...sound, ...withBias({ dims }) });
  expect(() => describeOnnx(broken)).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
});

describe("bytes from outside", () => {
  test("truncated anywhere are refused or read, never worse", () => {
    for (let length = 0; length < bytes.length; length++) expect(survives(bytes.subarray(0, length))).toBe(true);
  });

  test("truncated inside the graph are refused", () => {
    expect(() => describeOnnx(bytes.subarray(0, bytes.length >> 1))).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID" }),
    );
  });

  test("with any bytes changed are refused or read, never worse", () => {
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const damaged = bytes.slice();
        for (const { at, value } of changes) damaged[at] = value;
        return survives(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  test("of any other kind are refused", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives));
    expect(() => checkOnnx(new Uint8Array())).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
    expect(() => checkOnnx("model" as unknown as Uint8Array)).toThrow(TypeError);
  });
});
