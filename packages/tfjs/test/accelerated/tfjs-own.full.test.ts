/**
 * The unit tests of TensorFlow.js's own operations, as the package of tfjs-core ships them, on the accelerated backend and its gradients. They are
 * written for jasmine and import tfjs's sources; here they run under vitest with tfjs-core as it is installed.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runInThisContext } from "node:vm";
import { type AcceleratedWasm, installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

/** Of what was replaced, added or repaired, kernels and gradients, and of the optimiser. */
const FILES = [
  ...["arithmetic", "conv1d", "conv2d", "conv2d_separable", "conv2d_transpose", "conv3d", "conv3d_transpose"],
  ...[
    "depthwise_conv2d",
    "dilation2d",
    "erf",
    "exp",
    "expm1",
    "gather",
    "log",
    "log1p",
    "mat_mul",
    "max_pool",
    "max_pool_3d",
  ],
  ...["max_pool_with_argmax", "mean", "one_hot", "pool", "softplus", "sqrt", "sum", "tanh", "unsorted_segment_sum"],
  ...["fused/fused_conv2d", "fused/fused_mat_mul", "image/resize_bilinear", "image/resize_nearest_neighbor"],
]

  .map((name) => `ops/${name}_test.js`);

/** Tests that are not run, and why. */
const LEFT_OUT: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/complex/i, "tfjs's wasm backend has no complex numbers"],
  [/NCHW/, "tfjs's wasm backend has no such convolutions"],
  [/upcasts when dtypes/, "tfjs's wasm backend multiplies float32 alone"],
  [/fractional outputs default rounding/, "wrong in tfjs's own MaxPool and AvgPool, which are not replaced"],
  [/throws error on dilations > 1/, "dilated convolutions have gradients here"],
  [/input=8x8x8,output=4x4x8/, "sizes that do not belong together"],
];

const root = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/package.json"));

/** Methods of tensors, which tfjs's tests use and tfjs-core alone has not: tfjs has a file for each. */
function registerMethods(): void {
  const folder = join(root, "dist", "public", "chained_ops");
  const names = readdirSync(folder)
    .filter((file) => /^[a-z0-9_]+\.js$/.test(file))
    .map((file) => file.slice(0, -3).replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  const functions = tf as unknown as Record<string, ((...given: unknown[]) => unknown) | undefined>;
  for (const name of names) {
    const own = functions[name] ?? (tf.image as unknown as typeof functions)[name];
    if (own)
      prototype[name] = function (this: tf.Tensor, ...given: unknown[]) {
        return own(this, ...given);
      };
  }
  prototype["asScalar"] = function (this: tf.Tensor) {
    return tf.reshape(this, []);
  };
  prototype["toFloat"] = function (this: tf.Tensor) {
    return tf.cast(this, "float32");
  };
  prototype["toInt"] = function (this: tf.Tensor) {
    return tf.cast(this, "int32");
  };
  prototype["toBool"] = function (this: tf.Tensor) {
    return tf.cast(this, "bool");
  };
}

let accelerated: AcceleratedWasm;
beforeAll(async () => {
  accelerated = await installAcceleratedWasm();
  registerMethods();
  expect.extend({ toBeTrue: (value: unknown) => ({ pass: value === true, message: () => "expected true" }) });
});
afterAll(() => accelerated.uninstall());

/** tfjs's: the tests of each environment; this one has no flags and reads data synchronously. */
function describeWithFlags(name: string, constraints: object, tests: (environment: object) => void): void {
  const environment = { name: "wasm", backendName: "wasm", isDataSync: true };
  if ("flags" in constraints) return;
  const { predicate } = constraints as { predicate?: (environment: object) => boolean };
  if (predicate && !predicate(environment)) return;
  describe(`${name}`, () => {
    beforeEach(() => tf.engine().startScope());
    afterEach(() => {
      tf.engine().endScope();
      tf.disposeVariables();
    });
    tests(environment);
  });
}

const modules: Readonly<Record<string, object>> = {
  index: tf,
  jasmine_util: { ALL_ENVS: {}, describeWithFlags },
  test_util: tf.test_util,
  reduce_util: { PARALLELIZE_THRESHOLD: 30 },
  ops: tf,
  util: tf.util,
};

/** A test of theirs. */
function theirs(name: string, body: () => unknown): void {
  const known = LEFT_OUT.find(([pattern]) => pattern.test(name));
  it.skipIf(known)(`${name}${known ? `: ${known[1]}` : ""}`, async () => void (await body()));
}

/** A file of tests with what it imports put in its place; returns what it exports. */
function load(file: string): object {
  const exported: string[] = [];
  const source = readFileSync(join(root, "dist", file), "utf8")
    .replaceAll(
      /^import (\* as (\w+)|\{[^}]*\}) from '([^']+)';$/gm,
      (_, names: string, all: string | undefined, from: string) => `const ${all ?? names} = given("${from}");`,
    )
    .replaceAll(/^export ((?:const|function) (\w+))/gm, (_, head: string, name: string) => (exported.push(name), head));
  const given = (from: string): object => modules[from.split("/").at(-1)!] ?? load(join(dirname(file), `${from}.js`));
  const names = ["given", "it", "describe", "expect", "beforeEach", "afterEach", "fail"];
  const words = [given, theirs, describe, expect, beforeEach, afterEach, expect.unreachable];
  const asFunction = `(function (${names.join(", ")}) {${source}\nreturn { ${exported.join(", ")} }; })`;
  return (runInThisContext(asFunction) as (...given: unknown[]) => object)(...words);
}

describe.each(FILES)("%s", (file) => void load(file));
