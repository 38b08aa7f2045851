/** Files that were made to harm: refused with a code, in bounded time and memory. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { encodeModel } from "../src/encode.ts";
import { importOnnx } from "../src/index.ts";
import { ProtobufWriter } from "../src/protobuf-writer.ts";
import { file, floats, integers, node, value } from "./support/onnx-models.ts";
import { senseless } from "./support/senseless.ts";
import { mishap } from "./support/hostile.ts";

const int = (number: number) => ({ type: "int", value: number }) as const;

function expectRefusal(bytes: Uint8Array, code: string, said: RegExp): void {
  expect(() => importOnnx(bytes)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(said) }));
}

const refused: Readonly<Record<string, readonly [() => Uint8Array, string, RegExp]>> = {
  "no bytes": [() => new Uint8Array(), "ONNX_INVALID", /not an ONNX model/],
  "no operator set": [() => file([node("Relu", ["x"], ["y"])], {}, { operatorSets: [] }), "ONNX_INVALID", /none/],
  "an operator set from the future": [
    () => file([node("Relu", ["x"], ["y"])], {}, { operatorSets: [{ domain: "", version: 99 }] }),
    "ONNX_INVALID",
    /99/,
  ],
  "no output": [() => file([], { outputs: [] }), "ONNX_INVALID", /no output/],
  "an output that nothing makes": [() => file([]), "ONNX_INVALID", /"y"/],
  "a node that reads itself": [() => file([node("Add", ["x", "y"], ["y"])]), "ONNX_INVALID", /node_y \(Add\)/],
  "nodes in a circle": [
    () => file([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]),
    "ONNX_INVALID",
    /needs its own output/,
  ],
  "a value made twice": [
    () => file([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]),
    "ONNX_INVALID",
    /"y" is made twice/,
  ],
  "an initialiser twice": [
    () => file([node("Add", ["x", "w"], ["y"])], { initialisers: [floats("w", [1], [1]), floats("w", [1], [2])] }),
    "ONNX_INVALID",
    /"w" is there twice/,
  ],
  "data shorter than their shape": [
    () => file([node("Add", ["x", "w"], ["y"])], { initialisers: [floats("w", [4], [1, 2, 3])] }),
    "ONNX_INVALID",
    /"w" of shape \[4\] in float32 holds 12 bytes/,
  ],
  "a shape of more bytes than there are": [
    () => file([node("Add", ["x", "w"], ["y"])], { initialisers: [floats("w", [2 ** 40, 2 ** 40], [1])] }),
    "ONNX_INVALID",
    /holds 4 bytes/,
  ],
  "a tensor of text": [
    () => file([node("Add", ["x", "w"], ["y"])], { initialisers: [{ ...floats("w", [1], [1]), elementType: 8 }] }),
    "ONNX_INVALID",
    /type 8/,
  ],
  "a parameter that is no number": [
    () => file([node("Add", ["x", "w"], ["y"])], { initialisers: [floats("w", [2], [1, NaN])] }),
    "ONNX_OPERATION",
    /"w" holds NaN/,
  ],
  "an input without end": [
    () => file([node("Relu", ["x"], ["y"])], { inputs: [value("x", ["batch", 2 ** 31, 2 ** 31])] }),
    "ONNX_INVALID",
    /shape/,
  ],
  "two open axes": [
    () => file([node("Relu", ["x"], ["y"])], { inputs: [value("x", ["batch", "width"])] }),
    "ONNX_INVALID",
    /open axis 1 \("width"\)/,
  ],
  "a constant without end": [
    () => file([node("ConstantOfShape", ["n"], ["y"])], { initialisers: [integers("n", [2 ** 20, 2 ** 20])] }),
    "ONNX_OPERATION",
    /at most/,
  ],
  "a range without end": [
    () =>
      file([node("Range", ["a", "b", "c"], ["y"])], {
        initialisers: [integers("a", [0], []), integers("b", [2 ** 50], []), integers("c", [1], [])],
      }),
    "ONNX_OPERATION",
    /at most/,
  ],
  "a range that stands still": [
    () =>
      file([node("Range", ["a", "b", "c"], ["y"])], {
        initialisers: [integers("a", [0], []), integers("b", [5], []), integers("c", [0], [])],
      }),
    "ONNX_OPERATION",
    /makes a constant/,
  ],
  "constants that double": [
    () => file(doubling("k"), { initialisers: [floats("k", [1], [1])] }),
    "ONNX_LIMIT",
    /has made constants/,
  ],
  "values that double": [() => file(doubling("x")), "ONNX_OPERATION", /Concat/],
  "constants that are made again and again": [
    () => file(expansions(), { initialisers: [floats("k", [1], [1]), integers("n", [2 ** 22])] }),
    "ONNX_LIMIT",
    /has made constants/,
  ],
  "a node of many inputs": [
    () => file([node("Sum", new Array<string>(5000).fill("x"), ["y"])]),
    "ONNX_OPERATION",
    /5000 inputs/,
  ],
  "a graph in an attribute in a graph, and so on": [() => nested(500), "ONNX_OPERATION", /If \(deep\)/],
};

function doubling(first: string) {
  const steps = Array.from({ length: 60 }, (_, i) => {
    const from = i === 0 ? first : `d${i}`;
    return node("Concat", [from, from], [`d${i + 1}`], { axis: int(-1) });
  });
  return [...steps, node("Relu", ["d60"], ["y"])];
}

function expansions() {
  const steps = Array.from({ length: 50 }, (_, i) => node("Expand", ["k", "n"], [`e${i}`]));
  return [...steps, node("Sum", ["x", ...steps.map((_, i) => `e${i}`)], ["y"])];
}

/** An `If` whose branch holds an `If`, written by hand. */
function nested(depth: number): Uint8Array {
  let graph = new ProtobufWriter().string(2, "inner");
  for (let i = 0; i < depth; i++) {
    const attribute = new ProtobufWriter().string(1, "then_branch").message(6, graph).int(20, 5);
    const inner = new ProtobufWriter().string(1, "x").string(2, "y").string(3, "deep").string(4, "If");
    graph = new ProtobufWriter().message(1, inner.message(5, attribute)).string(2, "g");
  }
  const output = new ProtobufWriter().string(1, "y");
  const set = new ProtobufWriter().int(2, 17);
  const whole = graph.message(12, output);
  return new ProtobufWriter().int(1, 8).message(7, whole).message(8, set).finish();
}

describe("refused with a code", () => {
  test.each(Object.entries(refused))("%s", (_, [bytes, code, said]) => expectRefusal(bytes(), code, said));

  test("every operator that is not read, by name, with its nodes", () => {
    const nodes = [
      node("Einsum", ["x"], ["a"]),
      node("LSTM", ["a"], ["b"]),
      { ...node("Attention", ["b"], ["c"]), domain: "com.microsoft" },
      node("Einsum", ["c"], ["y"]),
    ];
    expect(() => importOnnx(file(nodes))).toThrow(
      expect.objectContaining({
        code: "ONNX_OPERATION",
        message:
          "onnx: operators that are not read: Einsum (node_a, node_y), LSTM (node_b), com.microsoft.Attention (node_c)",
        details: {
          operations: {
            Einsum: ["node_a", "node_y"],
            LSTM: ["node_b"],
            "com.microsoft.Attention": ["node_c"],
          },
        },
      }),
    );
  });

  test("a field that is cut off, with its offset", () => {
    const bytes = file([node("Relu", ["x"], ["y"])]);
    expect(() => importOnnx(bytes.subarray(0, bytes.length - 3))).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", details: { offset: expect.any(Number) } }),
    );
  });
});

describe("read all the same", () => {
  test("nodes in any order, and operators that nothing needs", () => {
    const nodes = [node("Neg", ["a"], ["y"]), node("Einsum", ["x"], ["unused"]), node("Relu", ["x"], ["a"])];
    const { program } = importOnnx(file(nodes));
    expect(program.nodes.map(({ op }) => op)).toEqual(["input", "relu", "neg"]);
  });

  test("a chain of five thousand nodes", () => {
    const nodes = Array.from({ length: 5000 }, (_, i) => node("Neg", [i === 0 ? "x" : `v${i}`], [`v${i + 1}`]));
    const { program } = importOnnx(file([...nodes, node("Relu", ["v5000"], ["y"])]));
    expect(program.nodes).toHaveLength(5002);
  });

  test("names that JavaScript keeps for itself", () => {
    const names = ["constructor", "toString", "hasOwnProperty"];
    const nodes = [node("Add", ["x", "toString"], ["constructor"]), node("Neg", ["constructor"], ["hasOwnProperty"])];
    const { program, parameters } = importOnnx(
      file(nodes, { initialisers: [floats("toString", [4], [1, 2, 3, 4])], outputs: [value(names[2]!, ["batch", 4])] }),
    );
    expect(Object.keys(parameters)).toEqual(["toString"]);
    expect(Object.keys(program.outputs)).toEqual(["hasOwnProperty"]);
    expect(mishap(file([node("Relu", ["x"], ["__proto__"])], { outputs: [value("__proto__", ["batch", 4])] }))).toBe(
      undefined,
    );
  });
});

const fixtures = ["encoder-13", "encoder-17", "decoder-13", "decoder-17"].map(
  (name) => new Uint8Array(readFileSync(new URL(`fixtures/torch-${name}.onnx`, import.meta.url))),
);

describe("PyTorch's files", () => {
  test.each(fixtures.map((bytes, i) => [i, bytes] as const))("%i, cut off anywhere", (_, bytes) => {
    for (let length = 0; length < bytes.length; length += 13) expect(mishap(bytes.subarray(0, length))).toBe(undefined);
  });

  test("with any bytes changed", () => {
    const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), changes, (bytes, list) => {
        const damaged = bytes.slice();
        for (const { at, to } of list) damaged[at % bytes.length] = to;
        expect(mishap(damaged)).toBe(undefined);
      }),
      { numRuns: 100 },
    );
  });
});

test("whole files of wrong sense are refused or read, never worse", () => {
  fc.assert(
    fc.property(senseless(), (made) => {
      expect(mishap(encodeModel(made))).toBe(undefined);
    }),
    { numRuns: 100 },
  );
});
