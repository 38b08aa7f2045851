import { describe, expect, test } from "vitest";
import { exportModelPart, lintFor, type LintTarget, lintTargets } from "../src/index.ts";
import { rulesFor } from "../src/lint/lint-for.ts";
import { fileOf, fileOfNode, integers, node, port, weights } from "./support/files.ts";
import { denseModel, sizes } from "./support/models.ts";
import { opencvCases } from "./support/opencv-cases.ts";

const kernel = weights("w", [3, 2, 4, 4]);
const filters = (attributes: Parameters<typeof node>[3], initialisers = [kernel]) =>
  fileOfNode(node("ConvTranspose", ["x", "w"], ["y"], { strides: [2, 2], ...attributes }), { initialisers });
const transposed = filters({ pads: [1, 1, 1, 1] });
const uneven = filters({ pads: [0, 0, 1, 1] });
const relu = (change: object = {}) =>
  fileOf(
    { nodes: [node("Relu", ["x"], ["y"])], inputs: [port("x", ["n", 4])], outputs: [port("y", ["n", 4])] },
    change,
  );

const scale = (count: number) => (count === 1 ? weights("s", []) : weights("s", [count]));
const zero = (value: number, type = 3) => ({ ...weights("z", [], type, 1), data: Uint8Array.of(value) });
const quantised = (point: ReturnType<typeof zero>) =>
  fileOf({
    nodes: [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])],
    initialisers: [scale(1), point],
    inputs: [port("x", ["n", 4])],
    outputs: [port("y", ["n", 4])],
  });
const dequantised = (count: number) =>
  fileOf({
    nodes: [node("DequantizeLinear", ["w", "s"], ["y"], { axis: 0 })],
    initialisers: [weights("w", [4, 4], 3, 1), scale(count)],
    outputs: [port("y", [4, 4])],
  });
const padded = (inputs: readonly string[], pads: readonly number[], opset = 17) =>
  fileOfNode(node("Pad", inputs, ["y"]), {
    initialisers: [integers("p", pads), ...(inputs.includes("a") ? [integers("a", [2, 3])] : [])],
    opset,
  });
const reshaped = (shape: readonly number[]) =>
  fileOf({
    nodes: [node("Reshape", ["x", "s"], ["y"])],
    initialisers: [integers("s", shape)],
    inputs: [port("x", ["n", 4])],
    outputs: [port("y", [null, null])],
  });
const fromOutside = (opType: string, weightsFed: boolean) =>
  fileOf({
    nodes: [node(opType, ["x", "w"], ["y"], { pads: [0, 0, 0, 0] })],
    initialisers: weightsFed ? [] : [weights("w", [3, 3, 2, 2])],
    inputs: [port("x", ["n", 3, 8, 8]), ...(weightsFed ? [port("w", [3, 3, 2, 2])] : [])],
    outputs: [port("y", [null, null, null, null])],
  });
const pooled = (outputs: readonly string[]) =>
  fileOfNode(node("MaxPool", ["x"], outputs, { kernel_shape: [2, 2], strides: [2, 2] }));
const unary = (opType: string, domain = "") => fileOfNode({ ...node(opType, ["x"], ["y"]), domain });
const scaledInHalf = (opset: number) =>
  fileOf(
    {
      nodes: [node("QuantizeLinear", ["x", "s"], ["y"])],
      initialisers: [weights("s", [], 10, 2)],
      inputs: [port("x", ["n", 4], 10)],
      outputs: [port("y", ["n", 4], 2)],
    },
    { opset },
  );
/** Target and rule -> a file that it is about, what it names there, and a file that it is not about. */
const cases: Readonly<Record<string, readonly [hit: Uint8Array, where: string, clear: Uint8Array]>> = {
  "burn newer-ir": [relu({ irVersion: 9 }), "the file", relu()],
  "burn auto-pad": [
    filters({ auto_pad: "SAME_UPPER" }),
    "the ConvTranspose",
    filters({ auto_pad: "NOTSET", pads: [1, 1, 1, 1] }),
  ],
  "burn fixed-batch": [reshaped([3, 4]), "the Reshape", reshaped([-1, 4])],
  "burn uneven-pads": [uneven, "the ConvTranspose", transposed],
  "burn quantisation": [dequantised(1), "the DequantizeLinear", relu()],
  ...Object.fromEntries(Object.entries(opencvCases).map(([id, files]) => [`opencv ${id}`, files])),
  "ort-web-webgpu no-gpu-kernel": [unary("Softplus"), "the Softplus", unary("Relu")],
  "coreml no-pads": [filters({}), "the ConvTranspose", transposed],
  "coreml unequal-pads": [filters({ pads: [1, 2, 1, 2] }), "the ConvTranspose", transposed],
  "coreml output-padding": [
    filters({ pads: [1, 1, 1, 1], output_padding: [1, 1] }),
    "the ConvTranspose",
    filters({ pads: [1, 1, 1, 1], output_padding: [0, 0] }),
  ],
  "coreml output-shape": [filters({ output_shape: [16, 16] }), "the ConvTranspose", transposed],
  "coreml constant-weights": [
    fromOutside("ConvTranspose", true),
    "the ConvTranspose",
    fromOutside("ConvTranspose", false),
  ],
  "openvino other-domains": [unary("FusedGemm", "com.microsoft"), "the FusedGemm", unary("Relu")],
  "openvino pad-axes": [
    padded(["x", "p", "", "a"], [1, 1, 1, 1], 18),
    "the Pad",
    padded(["x", "p"], [0, 0, 1, 1, 0, 0, 1, 1], 18),
  ],
  "openvino quantisation-of-19": [scaledInHalf(19), "the QuantizeLinear", scaledInHalf(21)],
  "tensorrt operator-set": [relu({ opset: 21 }), "the file", relu({ opset: 20 })],
  "tensorrt zero-point": [quantised(zero(3)), "the QuantizeLinear", quantised(zero(0))],
  "tensorrt integer-operators": [unary("DynamicQuantizeLinear"), "the DynamicQuantizeLinear", unary("Relu")],
  "tensorrt random": [unary("RandomNormalLike"), "the RandomNormalLike", unary("Relu")],
  "tensorrt constant-weights": [fromOutside("Conv", true), "the Conv", fromOutside("Conv", false)],
  "tensorrt pool-indices": [pooled(["y", "places"]), "the MaxPool", pooled(["y"])],
};

describe("lintFor", () => {
  test.each(Object.entries(cases))("%s", (name, [hit, where, clear]) => {
    const [target, id] = name.split(" ") as [LintTarget, string];
    const warned = (file: Uint8Array) => lintFor(target, file).filter((warning) => warning.id === id);
    expect(warned(hit)[0]).toMatchObject({ where });
    expect(warned(clear)).toEqual([]);
  });

  test("has a case above for every rule, which says what it is about and where it was read", () => {
    const ids = lintTargets.flatMap((target) => rulesFor(target).map(({ id }) => `${target} ${id}`));
    const everywhere = new Set(["newer-ir", "auto-pad", "fixed-batch"]);
    const own = ids.filter((name) => name.startsWith("burn ") || !everywhere.has(name.split(" ")[1]!));
    expect(Object.keys(cases).sort()).toEqual(own.sort());
    for (const { what, source } of lintTargets.flatMap(rulesFor)) expect(what && source).toBeTruthy();
  });

  test("takes unsigned zero points for asymmetric ones", () => {
    const warnings = lintFor("tensorrt", quantised(zero(0, 2)));
    expect(warnings.map(({ where }) => where)).toEqual(["the QuantizeLinear", "the DequantizeLinear"]);
  });

  test("has nothing against weights of a convolution in bytes for TensorRT, but against halves behind a Cast", () => {
    const behind = (opType: string, initialisers: readonly ReturnType<typeof weights>[], attributes = {}) =>
      fileOf({
        nodes: [
          node(opType, ["b", ...initialisers.slice(1).map(({ name }) => name)], ["w"], attributes),
          node("Conv", ["x", "w"], ["y"], { pads: [0, 0, 0, 0] }),
        ],
        initialisers,
        inputs: [port("x", ["n", 3, 8, 8])],
        outputs: [port("y", [null, null, null, null])],
      });
    const bytes = behind("DequantizeLinear", [weights("b", [3, 3, 2, 2], 3, 1), weights("s", [3])], { axis: 0 });
    expect(lintFor("tensorrt", bytes)).toEqual([]);
    const halves = behind("Cast", [weights("b", [3, 3, 2, 2], 10, 2)], { to: 1 });
    expect(lintFor("tensorrt", halves).map(({ id }) => id)).toEqual(["constant-weights"]);
  });

  test("has nothing to say of an exported dense decoder", () => {
    const bytes = exportModelPart(denseModel(sizes["odd"]!), "decoder");
    for (const target of lintTargets) expect(lintFor(target, bytes)).toEqual([]);
  });

  test("refuses a target that is none, and bytes that are no ONNX file", () => {
    expect(() => lintFor("toString" as LintTarget, relu())).toThrow(RangeError);
    expect(() => lintFor("burn", new Uint8Array(4))).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
  });
});
