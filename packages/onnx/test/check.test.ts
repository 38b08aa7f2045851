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

/** What is broken -> the model and what the message must name. */
const defects: Record<string, readonly [Partial<OnnxModel>, RegExp]> = {
  "another operator set": [{ operatorSets: [{ domain: "", version: 22 }] }, /13 to 21.*22/],
  "an operator set of somebody else's": [
    { operatorSets: [...sound.operatorSets, { domain: "com.example", version: 1 }] },
    /com\.example/,
  ],
  "an IR version of another time": [{ irVersion: 9 }, /17 with IR version 9/],
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
  "a missing attribute": [inGraph({ nodes: [{ ...gemm, attributes: {} }, relu, ...rest] }), /decoder\/dense0.*alpha/],
  "a node name used twice": [withRelu({ name: gemm.name }), /decoder\/dense0/],
  "a node without a name": [withRelu({ name: "" }), /empty/],
  "a value made twice": [withRelu({ outputs: ["z"] }), /decoder\/dense0\/relu.*"z"/],
  "an initialiser that is an input as well": [withBias({ name: "z" }), /"z"/],
  "an initialiser that is too short": [withBias({ data: new Uint8Array(24) }), /decoder\.dense0\.bias/],
  "an initialiser with negative sizes": [withBias({ dims: [-7, -1] }), /decoder\.dense0\.bias/],
  "an initialiser of an unknown type": [withBias({ elementType: 99 }), /decoder\.dense0\.bias.*99/],
  "an output that nothing makes": [inGraph({ outputs: [{ ...graph.outputs[0]!, name: "gone" }] }), /gone/],
  "no output": [inGraph({ outputs: [], valueInfo: [...graph.valueInfo, ...graph.outputs] }), /no output/],
  "a value without a type": [inGraph({ valueInfo: graph.valueInfo.slice(1) }), /has no type/],
  "a value declared twice": [inGraph({ valueInfo: [...graph.valueInfo, graph.valueInfo[0]!] }), /declared twice/],
  "a value of an unknown shape": [
    inGraph({ valueInfo: [{ ...graph.valueInfo[0]!, shape: [null] }, ...graph.valueInfo.slice(1)] }),
    /decoder\/dense0/,
  ],
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
