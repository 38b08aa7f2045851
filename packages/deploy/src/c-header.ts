import { helloBody, mostFrameBytes, writeFrame } from "@isthmus/codec";
import { type ConvolutionCall, type EncoderBundle, type IntegerPlan, type PlanCall } from "@isthmus/edge";
import { CHANNEL_BYTES, quantiseInput, rowBytes, isFloatPlan } from "@isthmus/edge/format";
import {
  C_ENCODE,
  C_FRAME,
  C_KERNELS,
  C_ROUNDING,
  C_SAMPLES,
  C_SESSION_TYPES,
  C_SESSIONS,
  C_SUPPORT,
  C_WITH_UNITS,
  C_WITHOUT_UNITS,
} from "./c-code.ts";

export interface CHeaderOptions {
  /** What all names begin with: lower-case letters, digits and underscores. Default: `isthmus`. */
  readonly name?: string;
  /** The most items of one frame, 1 to 4096: memory is laid out for them. Default: 1. */
  readonly maxItems?: number;
}

export interface CHeader {
  readonly text: string;
  /** Bytes of constants: weights, channels, tables. Code comes on top. */
  readonly flashBytes: number;
  /** Bytes of variables; the stack takes some hundred more. */
  readonly ramBytes: number;
  /** The same of what sessions take more, where they are compiled. */
  readonly sessions: { readonly flashBytes: number; readonly ramBytes: number };
}

/**
 * An encoder as one C99 header without dependencies or `malloc`: it writes the bytes that `loadEncoder` of `@isthmus/edge` writes.
 *
 * @throws RangeError a name that is none, too many items, or an encoder in float32
 */
export function cHeader(bundle: EncoderBundle, { name = "isthmus", maxItems = 1 }: CHeaderOptions = {}): CHeader {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) throw new RangeError(`"name" expected letters, digits, _, got "${name}"`);
  if (!Number.isInteger(maxItems) || maxItems < 1 || maxItems > 4096) {
    throw new RangeError(`"maxItems" expected an integer 1 to 4096, got ${maxItems}`);
  }
  const { plan, dims } = bundle;
  if (isFloatPlan(plan)) throw new RangeError('"bundle" expected an encoder in int8, got one in float32');
  const writer = new HeaderWriter({ ...bundle, plan }, maxItems);
  const body = writer.write();
  const { flashBytes } = writer;
  const ramBytes = plan.memoryBytes - plan.constants.length + (4 + 10) * maxItems * dims + 8;
  const text = body.replaceAll(/\bP_(?=[A-Z])/g, `${name.toUpperCase()}_`).replaceAll(/\bP_/g, `${name}_`);
  const sessions = { flashBytes: helloBody(bundle).length, ramBytes: 8 + 4 * maxItems * dims };
  return { text, flashBytes, ramBytes, sessions };
}

type IntegerBundle = EncoderBundle & { readonly plan: IntegerPlan };

class HeaderWriter {
  flashBytes = 0;
  private readonly bundle: IntegerBundle;
  private readonly maxItems: number;
  private readonly data: string[] = [];
  private readonly view: DataView;

  constructor(bundle: IntegerBundle, maxItems: number) {
    this.bundle = bundle;
    this.maxItems = maxItems;
    const { buffer, byteOffset, byteLength } = bundle.plan.constants;
    this.view = new DataView(buffer, byteOffset, byteLength);
  }

  write(): string {
    const { plan } = this.bundle;
    const calls = plan.calls.map((call, index) => this.call(call, index));
    const samples = this.samples();
    const tables = this.tables();
    const kernels = [...new Set(plan.calls.map(({ kernel }) => kernel))];
    const hasWeights = plan.calls.some((call) => "weights" in call);
    return [
      this.top(),
      "#ifdef P_IMPLEMENTATION",
      `#define P_INPUT_SCALE ${double(plan.input.scale)}`,
      `#define P_INPUT_ZERO ${plan.input.zero}`,
      `#define P_CHANNELS ${this.bundle.tables.length}u`,
      `#define P_INPUT ${this.bytes(plan.input.address)}`,
      `#define P_OUTPUT ${this.words(plan.outputs[0]!.address)}`,
      C_SUPPORT,
      hasWeights ? C_ROUNDING : "",
      ...kernels.map((kernel) => C_KERNELS[kernel]),
      `static int32_t P_workspace[${(plan.memoryBytes - plan.constants.length) / 4}];`,
      ...this.data,
      "",
      "static void P_run(void) {",
      ...calls,
      "}",
      tables,
      C_SAMPLES + samples,
      C_FRAME + C_SESSIONS,
      encodeFunctions({ type: "float", read: "P_sample", suffix: "" }),
      encodeFunctions({ type: "uint8_t", read: "P_byte", suffix: "_bytes" }),
      "#endif",
      "#endif",
      "",
    ].join("\n");
  }

  private top(): string {
    const { modelId, dims, plan, units } = this.bundle;
    const most = mostFrameBytes(this.maxItems * dims);
    const bytes = units ? "in the units of the model's data" : "that stand for b / 255";
    return `/*
 * An encoder of model ${hexOf(modelId)} in int8, made by isthmus export --to c. C99; no dependency, no malloc. In one source file:
 *
 *   #define P_IMPLEMENTATION
 *   #include "encoder.h"
 *
 * P_encode takes items of ${plan.input.length} samples${units ? " in the units of the model's data" : ""}, one after the other, and writes one .isth stream; P_encode_bytes takes
 * bytes ${bytes}. Both return how many bytes they wrote, or 0: no items or more than P_MAX_ITEMS, a sample that is not finite,
 * or a capacity that is not enough, which P_MAX_BYTES always is. Not to be called twice at once.
 * Arithmetic of double and float must be that of IEEE 754, without contraction (gcc: -std=c99 or -ffp-contract=off).
 */
#ifndef P_ENCODER_H
#define P_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#define P_SAMPLES ${plan.input.length}u
#define P_DIMS ${dims}u
#define P_MAX_ITEMS ${this.maxItems}u
#define P_MAX_BYTES ${most}u

size_t P_encode(const float *samples, uint32_t items, uint8_t *into, size_t capacity);
size_t P_encode_bytes(const uint8_t *samples, uint32_t items, uint8_t *into, size_t capacity);
${C_SESSION_TYPES}`;
  }

  /** An address of the workspace. */
  private bytes(address: number): string {
    return `((int8_t *)P_workspace + ${address - this.bundle.plan.constants.length})`;
  }

  private words(address: number): string {
    return `(P_workspace + ${(address - this.bundle.plan.constants.length) / 4})`;
  }

  private call(call: PlanCall, index: number): string {
    if (call.kernel === "lookup") {
      const table = this.array("int8_t", `P_table${index}`, this.int8(call.table, 256), 1);
      return `  P_lookup(${this.bytes(call.x)}, ${table}, ${call.length}, ${this.bytes(call.y)});`;
    }
    const window = this.struct(
      "P_window",
      `P_window${index}`,
      windowFields.map((field) => call.window[field]),
    );
    if (call.kernel === "maxPool") return `  P_max_pool(&${window}, ${this.bytes(call.x)}, ${this.bytes(call.y)});`;
    const { padding, zero, low, high, wide, kernel } = call;
    const rounding = this.struct("P_rounding", `P_rounding${index}`, [padding, zero, low, high]);
    const weights = this.array("int8_t", `P_weights${index}`, this.weights(call), 1);
    const channels = this.array("int32_t", `P_channels${index}`, this.channels(call), 4);
    const y = wide ? `0, ${this.words(call.y)}` : `${this.bytes(call.y)}, 0`;
    return `  P_${kernel}(&${window}, &${rounding}, ${this.bytes(call.x)}, ${weights}, ${channels}, ${y});`;
  }

  /** Rows without what fills them up. */
  private weights({ kernel, window, weights }: ConvolutionCall): number[] {
    const { rows, columns, channels, yChannels } = window;
    if (kernel === "depthwise") return this.int8(weights, rows * columns * yChannels);
    const taps = rows * columns * channels;
    return Array.from({ length: yChannels }, (_, c) => this.int8(weights + c * rowBytes(taps), taps)).flat();
  }

  private channels({ window, channels }: ConvolutionCall): number[] {
    return Array.from({ length: (window.yChannels * CHANNEL_BYTES) / 4 }, (_, i) =>
      this.view.getInt32(channels + 4 * i, true),
    );
  }

  private int8(address: number, length: number): number[] {
    return Array.from({ length }, (_, i) => this.view.getInt8(address + i));
  }

  private tables(): string {
    const { tables, modelId, quality, dims } = this.bundle;
    const rows = tables.map(({ precision, minimum, cumulative, frequencies }, index) => {
      const starts = this.array("uint16_t", `P_starts${index}`, [...cumulative.subarray(0, frequencies.length)], 2);
      return `  {${starts}, ${int32(minimum)}, ${frequencies.length - 1}u, ${precision}},`;
    });
    this.flashBytes += 16 * tables.length + 14;
    const frame = { modelId, quality, items: 0, dims, sequence: 0, last: true, ancillary: [] };
    const head = writeFrame({ ...frame, payloads: [new Uint8Array(0)] }).subarray(0, 14);
    const starts = this.data.splice(-tables.length);
    return [
      ...starts,
      "typedef struct {\n  const uint16_t *starts;\n  int32_t minimum;\n  uint32_t escape;\n  int precision;\n} P_table;",
      `static const P_table P_tables[] = {\n${rows.join("\n")}\n};`,
      `static const uint8_t P_head[] = {${head.join(", ")}};`,
      `#ifdef P_SESSIONS\nstatic const uint8_t P_hello[] = {${helloBody(this.bundle).join(", ")}};\n#endif`,
    ].join("\n\n");
  }

  private samples(): string {
    const { units, plan } = this.bundle;
    if (!units) {
      const table = Array.from({ length: 256 }, (_, byte) => quantiseInput(Math.fround(byte / 255), byte, plan.input));
      return `\n${this.takeArray("int8_t", "P_of_bytes", table, 1)}\n${C_WITHOUT_UNITS}`;
    }
    const { offsets, scales, fills } = units;
    const arrays = Object.entries({ P_offsets: offsets, P_scales: scales, P_fills: fills ?? Float64Array.of(0) });
    const texts = arrays.map(([name, values]) => this.takeArray("double", name, [...values], 8));
    const sizes = `#define P_UNITS ${offsets.length}u\n#define P_FILLS ${fills ? 1 : 0}`;
    return `\n${sizes}\n${texts.join("\n")}\n${C_WITH_UNITS}`;
  }

  private struct(type: string, name: string, fields: readonly number[]): string {
    this.flashBytes += 4 * fields.length;
    this.data.push(`static const ${type} ${name} = {${fields.map(int32).join(", ")}};`);
    return name;
  }

  private array(type: string, name: string, values: readonly number[], width: number): string {
    this.data.push(this.takeArray(type, name, values, width));
    return name;
  }

  private takeArray(type: string, name: string, values: readonly number[], width: number): string {
    this.flashBytes += width * values.length;
    const texts = values.map(type === "double" ? double : int32);
    const lines = Array.from({ length: Math.ceil(texts.length / 16) }, (_, i) => texts.slice(16 * i, 16 * i + 16));
    return `static const ${type} ${name}[] = {\n${lines.map((line) => `  ${line.join(", ")},`).join("\n")}\n};`;
  }
}

function encodeFunctions({ type, read, suffix }: Readonly<Record<"type" | "read" | "suffix", string>>): string {
  return C_ENCODE.replaceAll("TYPE", type).replaceAll("READ", read).replaceAll("SUFFIX", suffix);
}

const windowFields = [
  ...(["height", "width", "channels", "yHeight", "yWidth", "yChannels", "rows", "columns"] as const),
  ...(["rowStride", "columnStride", "rowDilation", "columnDilation", "top", "left"] as const),
];

/** As C99 reads it: the least int32 has no literal of its own. */
function int32(value: number): string {
  return value === -(2 ** 31) ? "(-2147483647 - 1)" : String(value);
}

/** The nearest double to these digits is the number itself. */
function double(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
