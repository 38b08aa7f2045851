/**
 * ONNX's own tests of its operators (Debian: libonnx-testdata): every test whose operators are all read is imported and run
 * by the float64 interpreter. What the graph cannot hold is listed with the reason; a test that is listed must be refused.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { type HostArray, interpret } from "@isthmus/graph";
import { type TensorProto, TensorProtoSchema } from "onnx-buf";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataTypes, FLOAT16 } from "../src/data-types.ts";
import { decodeModel } from "../src/decode.ts";
import { encodeModel } from "../src/encode.ts";
import { importedOperators } from "../src/import/operators.ts";
import { importOnnx } from "../src/index.ts";
import type { OnnxModel, Tensor, ValueInfo } from "../src/messages.ts";

const FOLDER = "/usr/share/libonnx-testdata/data";
/** One operator each; then networks and operators that PyTorch exported. */
const KINDS = ["node", "pytorch-converted", "pytorch-operator", "simple"];

/** The tests feed everything; a network has these inputs as constants. Operator -> their places. */
const constants: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  ConstantOfShape: [0],
  DequantizeLinear: [1, 2],
  Dropout: [1, 2],
  Expand: [1],
  Pad: [1, 2, 3],
  Pow: [1],
  QuantizeLinear: [1, 2],
  Range: [0, 1, 2],
  Reshape: [1],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  Unsqueeze: [1],
  ...Object.fromEntries(
    ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"].map((name) => [
      `Reduce${name}`,
      [1],
    ]),
  ),
  Mod: [0, 1],
};

const converted = (name: string): string => `pytorch-converted/test_${name}`;

/** Why the graph does not have it -> tests; those without a folder are of single operators. */
const reasons: Readonly<Record<string, readonly string[]>> = {
  "arithmetic of integers would wrap and round otherwise than that of floats": [
    ...["add_uint8", "sub_uint8", "mul_uint8", "div_uint8"],
    ...["pow_types_int", "pow_types_int32_float32", "pow_types_int32_int32"],
    ...["pow_types_int64_float32", "pow_types_int64_int64", "mod_int64_fmod"],
    "pytorch-operator/test_operator_non_float_params",
  ],
  "integers of more than 16 bits are not all float32": [
    ...["edge_pad", "reflect_pad", "equal", "equal_bcast", "where_long_example"],
    ...["max_int32", "max_int64", "max_uint32", "max_uint64", "min_int32", "min_int64", "min_uint32", "min_uint64"],
  ],
  "images have two axes, signals one": [
    ...["averagepool_3d_default", "convtranspose_3d", "maxpool_3d_default"],
    ...["AvgPool3d", "AvgPool3d_stride", "AvgPool3d_stride1_pad0_gpu_input", "Conv3d", "Conv3d_dilated"].map(converted),
    ...["Conv3d_dilated_strided", "Conv3d_groups", "Conv3d_no_bias", "Conv3d_stride"].map(converted),
    ...["Conv3d_stride_padding", "MaxPool3d", "MaxPool3d_stride", "MaxPool3d_stride_padding"].map(converted),
  ],
  "pools have no dilations": [
    "maxpool_2d_dilations",
    ...["MaxPool1d_stride_padding_dilation", "MaxPool2d_stride_padding_dilation"].map(converted),
  ],
  "a pool gives the largest, not its place": [
    "maxpool_with_argmax_2d_precomputed_pads",
    "maxpool_with_argmax_2d_precomputed_strides",
  ],
  "a network is run, not trained": [
    ...["batchnorm_epsilon_training_mode", "batchnorm_example_training_mode"],
    ...["training_dropout", "training_dropout_default", "training_dropout_default_mask", "training_dropout_mask"],
    ...["training_dropout_zero_ratio", "training_dropout_zero_ratio_mask"],
  ],
  "the scales that bytes are quantised by are constants": [
    "dynamicquantizelinear_expanded",
    "dynamicquantizelinear_max_adjusted_expanded",
    "dynamicquantizelinear_min_adjusted_expanded",
  ],
  "exponents are constants: one half and whole numbers": [
    ...["pow", "pow_bcast_array", "pow_example", "pow_types_float", "pytorch-operator/test_operator_pow"],
    ...["pow_types_float32_int32", "pow_types_float32_int64", "pow_types_float32_uint32", "pow_types_float32_uint64"],
  ],
  "remainders are known for constant integers": [
    "mod_mixed_sign_float16",
    "mod_mixed_sign_float32",
    "mod_mixed_sign_float64",
  ],
  "an id that is fed is not negative": ["gather_negative_indices"],
  "a tensor has at least one element": [
    "constantofshape_int_shape_zero",
    "reshape_allowzero_reordered",
    "slice_start_out_of_bounds",
    "split_zero_size_splits",
  ],
  "text is no number": [
    ...["cast_FLOAT_to_STRING", "cast_STRING_to_FLOAT", "castlike_FLOAT_to_STRING", "castlike_STRING_to_FLOAT"],
    ...["castlike_FLOAT_to_STRING_expanded", "castlike_STRING_to_FLOAT_expanded"],
  ],
  "a value is a tensor": ["identity_opt", "identity_sequence"],
};
const listed: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(reasons).flatMap(([reason, tests]) =>
    tests.map((name) => [name.includes("/") ? name : `node/test_${name}`, reason]),
  ),
);

const names = KINDS.flatMap((kind) => {
  const folder = join(FOLDER, kind);
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((name) => join(kind, name))
    : [];
});
const models = names.map((name) => [name, decodeModel(readFileSync(join(FOLDER, name, "model.onnx")))] as const);
const read = models.filter(([, { graph }]) =>
  graph.nodes.every(({ domain, opType }) => domain === "" && importedOperators.includes(opType)),
);

interface Fed {
  readonly name: string;
  readonly tensor: TensorProto;
}

function fedTo(name: string, kind: "input" | "output", values: readonly ValueInfo[]): Fed[] {
  const file = (i: number) => join(FOLDER, name, "test_data_set_0", `${kind}_${i}.pb`);
  return values.flatMap((value, i) => {
    if (!existsSync(file(i))) return [];
    const tensor = fromBinary(TensorProtoSchema, readFileSync(file(i)));
    // The bits of bfloat16 lie in these files as integers.
    if (value.elementType === BFLOAT16) tensor.dataType = BFLOAT16;
    return [{ name: value.name, tensor }];
  });
}

function numbersOf({ dataType, rawData, floatData, int32Data, int64Data, doubleData }: TensorProto): number[] {
  const type = dataTypes[dataType]!;
  if (rawData.length === 0 && type.kind === "float" && type.bytes === 2) {
    return int32Data.map((bits) => type.read(new DataView(Uint16Array.of(bits).buffer), 0));
  }
  if (rawData.length === 0) return [...floatData, ...int32Data, ...int64Data.map(Number), ...doubleData];
  const view = new DataView(rawData.buffer, rawData.byteOffset);
  return Array.from({ length: rawData.length / type.bytes }, (_, i) => type.read(view, i * type.bytes));
}

/** The model with the inputs that a network has as constants among its initialisers. */
function withConstants(model: OnnxModel, inputs: readonly Fed[]): OnnxModel {
  const fixed = new Set(
    model.graph.nodes.flatMap((node) => (constants[node.opType] ?? []).map((place) => node.inputs[place] ?? "")),
  );
  const initialisers = inputs
    .filter(({ name }) => fixed.has(name))
    .map(({ name, tensor }): Tensor => {
      const type = dataTypes[tensor.dataType]!;
      const numbers = numbersOf(tensor);
      const view = new DataView(new ArrayBuffer(numbers.length * type.bytes));
      numbers.forEach((value, i) => type.write(view, i * type.bytes, value));
      return {
        name,
        elementType: tensor.dataType,
        dims: tensor.dims.map(Number),
        data: new Uint8Array(view.buffer),
      };
    });
  return { ...model, graph: { ...model.graph, initialisers: [...model.graph.initialisers, ...initialisers] } };
}

const BFLOAT16 = 16;
/** What a file rounds to float16 has 11 binary digits; of bfloat16 it has 8, the rest being cut off. */
const rounding: Readonly<Record<number, number>> = { [FLOAT16]: 2 ** -11, [BFLOAT16]: 2 ** -7 };

interface Compared {
  readonly got: readonly number[];
  readonly expected: readonly number[];
  /** The largest relative difference that is none. */
  readonly relative: number;
}

function run(name: string, model: OnnxModel): Compared[] {
  const inputs = fedTo(name, "input", model.graph.inputs);
  const outputs = fedTo(name, "output", model.graph.outputs);
  const { program, parameters } = importOnnx(encodeModel(withConstants(model, inputs)));
  const given = inputs.map(({ name: input, tensor }) => [input, Float64Array.from(numbersOf(tensor))] as const);
  const state = Object.entries(parameters).map(([key, { data }]) => [key, data as Float32Array] as const);
  const { outputs: results } = interpret(program, {
    inputs: Object.fromEntries(given) as Record<string, HostArray | Float64Array>,
    state: Object.fromEntries(state),
    batch: 1,
  });
  return outputs.map(({ name: output, tensor }) => {
    expect(results[output]!.shape).toEqual(tensor.dims.map(Number));
    const relative = rounding[tensor.dataType] ?? 1e-4;
    return { got: [...results[output]!.data], expected: numbersOf(tensor), relative };
  });
}

/** Both sides are float32 and sum in another order. */
function differs(got: number, expected: number, relative: number): boolean {
  return !Object.is(got, expected) && !(Math.abs(got - expected) <= 1e-5 + relative * Math.abs(expected));
}

/** The first number that is not what it should be. */
function difference(name: string, model: OnnxModel): string {
  for (const { got, expected, relative } of run(name, model)) {
    const wrong = got.findIndex((value, i) => differs(value, expected[i]!, relative));
    if (wrong >= 0) return `${got[wrong]} instead of ${expected[wrong]} at ${wrong}`;
  }
  return "none";
}

describe.skipIf(names.length === 0)("operator tests of ONNX 1.12 (apt-get install libonnx-testdata)", () => {
  test.each(read.filter(([name]) => !Object.hasOwn(listed, name)))("%s passes", (name, model) => {
    expect(difference(name, model)).toBe("none");
  });

  test.each(Object.entries(listed))("%s does not: %s", (name) => {
    const [, model] = read.find(([other]) => other === name)!;
    expect(() => expect(difference(name, model)).toBe("none")).toThrow(/^onnx: |"ids" expected| instead of /);
  });
});
