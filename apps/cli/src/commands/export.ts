import { openNetwork } from "@isthmus/compress";
import { elementCount, type JsonObject, type Model, type Program } from "@isthmus/graph";
import { IsthmusError, randomNormal, randomUniform } from "@isthmus/math";
import { exportModelPart, parity, type ParityReport } from "@isthmus/onnx";
import { type Command, Option } from "commander";
import { grouped, type Report } from "../console.ts";
import { withEngine } from "../engines.ts";
import { openModel } from "../model-files.ts";
import { onnxRuntime, openOnnx } from "../onnx-runtime.ts";
import { buildOption, outOption } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { VERSION } from "../version.ts";
import { classesOf } from "../trained.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

type Part = "encoder" | "decoder";

interface ExportOptions {
  readonly part: Part;
  readonly build: string;
  readonly out: string;
}

/**
 * What a float32 network of a few layers may differ by between two runtimes that sum in another order: absolutely, or
 * for outputs larger than 10 (logits) relative to the largest.
 */
const TOLERANCE = { absolute: 1e-5, relative: 1e-6 } as const;
const CHECKED_ITEMS = 100;

export function exportCommand(context: Context): Command {
  return describeCommand({
    name: "export",
    summary: "Export the encoder or the decoder to ONNX (opset 17, dynamic batch) and compare it with our engine.",
    examples: ["isthmus export m.safetensors --part decoder -o decoder.onnx"],
  })
    .argument("<model>", "model file")
    .addOption(new Option("--part <name>", "which half").choices(["encoder", "decoder"]).makeOptionMandatory())
    .addOption(buildOption())
    .addOption(outOption("the ONNX file to write"))
    .action(reporting(context, (path: string, options: ExportOptions) => exportPart(context, path, options)));
}

async function exportPart({ console }: Context, path: string, options: ExportOptions): Promise<Report> {
  const model = await openModel(path);
  await requireWritable(options.out, [path]);
  const bytes = exportModelPart(model, options.part, { producerVersion: VERSION });
  const checked = await checkParity(model, options, bytes);
  await writeResult(console, options.out, bytes);
  const { part, out } = options;
  const json = { part, out, bytes: bytes.length, opset: 17, ...checked.json };
  return { json, lines: [`${part} -> ${out} (${grouped(bytes.length)} bytes, opset 17)`, checked.line] };
}

interface Checked {
  readonly json: JsonObject;
  readonly line: string;
}

async function checkParity(model: Model, options: ExportOptions, bytes: Uint8Array): Promise<Checked> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) {
    const reason = `not checked: onnxruntime-node cannot be loaded (${runtime.missing})`;
    return { json: { maxAbsError: null, parity: reason }, line: `parity ${reason}` };
  }
  const session = await openOnnx(runtime, options.out, bytes);
  try {
    const report = await compare(model, options, (inputs) => session.run(inputs));
    requireParity(report);
    const each = Object.entries(report.perOutput).map(([name, { maxAbs }]) => [name, maxAbs] as const);
    const text = each.map(([name, maxAbs]) => `${name} ${maxAbs.toExponential(1)}`).join(", ");
    return {
      json: {
        maxAbsError: report.maxAbs,
        perOutput: Object.fromEntries(each),
        items: CHECKED_ITEMS,
        parity: "onnxruntime-node",
      },
      line: `parity with onnxruntime-node on ${CHECKED_ITEMS} drawn inputs, max abs error: ${text}`,
    };
  } finally {
    await session.release();
  }
}

type RunTensors = (
  inputs: Record<string, { shape: readonly number[]; data: Float32Array | Int32Array }>,
) => Promise<Record<string, { data: Float32Array }>>;

/** Both runtimes on the same drawn inputs: pixels in (0, 1) for an encoder, prior draws for a decoder, every label. */
async function compare(model: Model, options: ExportOptions, onnx: RunTensors): Promise<ParityReport> {
  const program = model[options.part];
  const inputs = drawnInputs(model, options.part);
  return withEngine(options, async (engine) => {
    const network = await openNetwork(engine, program, model.parameters);
    try {
      return await parity({
        inputs,
        reference: (given) => network.run(given),
        run: async (given) => {
          const tensors = Object.entries(given).map(([name, data]) => [
            name,
            { shape: inputShape(program, name), data },
          ]);
          const results = await onnx(Object.fromEntries(tensors));
          return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
        },
      });
    } finally {
      network.dispose();
    }
  });
}

function drawnInputs(model: Model, part: Part): Record<string, Float32Array | Int32Array> {
  const program = model[part];
  const names = Object.keys(program.inputs);
  const draw = part === "encoder" ? randomUniform : randomNormal;
  return Object.fromEntries(
    names.map((name) => {
      const size = elementCount(inputShape(program, name));
      if (name === "label") return [name, Int32Array.from({ length: size }, (_, i) => i % (classesOf(model) ?? 1))];
      const values = new Float32Array(size);
      draw(values, { seed: 1, stream: `parity/${name}` });
      return [name, values];
    }),
  );
}

function inputShape(program: Program, name: string): number[] {
  const shape = program.nodes[program.inputs[name] as number]?.shape ?? [];
  return shape.map((dim) => (dim === "batch" ? CHECKED_ITEMS : dim));
}

function requireParity({ perOutput }: ParityReport): void {
  for (const [name, { maxAbs, maxRel, finite }] of Object.entries(perOutput)) {
    if (finite && (maxAbs <= TOLERANCE.absolute || maxRel <= TOLERANCE.relative)) continue;
    const got = finite
      ? `max abs error ${maxAbs.toExponential(1)} (relative ${maxRel.toExponential(1)})`
      : "values that are not finite";
    throw new IsthmusError(
      "ONNX_PARITY",
      `onnxruntime-node and our engine differ in "${name}": ${got}; nothing was written`,
    );
  }
}
